"""Everything that any architecture may need to know of the dealership, measured once and kept with the model.

Both forms are deployed and measured as they are; what only a lone model shows (the broker, a function's cold start,
the look-up of a batch job's output, batches of rows) is the same in both.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from data.errors import Cancelled, DrydockError
from data.profile import ServiceProfile
from strategies.contract import Limits
from strategies.dealership.contract import FORMS, Form
from strategies.dealership.measuring import profile_dealership
from strategies.hosts.process import ProcessHost
from strategies.packaging.package import ModelPackage
from strategies.profiling import Effort
from strategies.profiling.job import model_rows, profile_package
from strategies.profiling.shelf import profile_file
from strategies.training.watch import CancelCheck, Progress, never, silent

Profiles = Mapping[Form, ServiceProfile]
_FORMS_TAKE = 0.5
"""The share of the work that measuring both forms is taken for."""
_LIMITS = Limits(timeout_s=10.0)


def profile_application(
    package: ModelPackage,
    effort: Effort | None = None,
    progress: Progress = silent,
    cancelled: CancelCheck = never,
) -> Profiles:
    """The profile of each form. `package` reads the features of the dataset car_choice."""
    effort = replace(effort or Effort(), loads=())
    forms: dict[Form, ServiceProfile] = {}
    for place, form in enumerate(FORMS):
        if cancelled():
            raise Cancelled("Profiling was cancelled; nothing of it was kept.")
        progress(f"the dealership as {form}", _FORMS_TAKE * place / len(FORMS))
        forms[form] = profile_dealership(package, form, ProcessHost(), _LIMITS, effort)

    def rest(stage: str, share: float) -> None:
        progress(stage, _FORMS_TAKE + (1 - _FORMS_TAKE) * share)

    alone = profile_package(package, model_rows(package), effort, rest, cancelled)
    return {form: _completed(profile, forms["microservices"], alone) for form, profile in forms.items()}


def _completed(profile: ServiceProfile, apart: ServiceProfile, alone: ServiceProfile) -> ServiceProfile:
    """One form's profile with what the others showed: calls between processes, and what a lone model can do."""
    model = profile.component("model")
    batches = alone.component("model").service_s[1:]
    return replace(
        profile.with_component(replace(model, service_s=(model.service_s[0], *batches))),
        call_s=apart.call_s, serve_s=apart.serve_s, hop_s=apart.hop_s, broker_s=alone.broker_s,
        lookup_s=alone.lookup_s, cold_starts=alone.cold_starts, notes=(*profile.notes, *alone.notes),
    )  # fmt: skip


def keep_application(version: str, profiles: Profiles) -> None:
    """Put them on the shelf, in the place of earlier ones of the same package version."""
    for form, profile in profiles.items():
        profile.save(_file(version, form))


def kept_application(version: str) -> Profiles | None:
    """The profiles around that package version; None where one is missing or cannot be read."""
    found: dict[Form, ServiceProfile] = {}
    for form in FORMS:
        path = _file(version, form)
        if not path.exists():
            return None
        try:
            found[form] = ServiceProfile.load(path)
        except DrydockError:
            return None
    return found


def _file(version: str, form: Form) -> Path:
    own = profile_file(version)
    return own.parent / "dealership" / own.stem / f"{form}.json"
