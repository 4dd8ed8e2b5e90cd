"""Profiling a user's model for every strategy: real deployments, measured briefly."""

from pathlib import Path

import pytest

from data.errors import Cancelled, InvalidValue
from strategies.packaging.package import ModelPackage
from strategies.profiling import Effort
from strategies.profiling.job import model_rows, profile_package
from strategies.profiling.shelf import keep_profile, kept_profiles, profile_file

QUICK = Effort(0.05, 0.4, 0.5, (0.0, 0.01), 8, 0.02, loads=())


@pytest.mark.slow
def test_a_model_is_profiled_for_every_strategy(tumour_forest: ModelPackage, home: Path) -> None:  # noqa: ARG001
    stages: list[str] = []
    rows = model_rows(tumour_forest)
    assert rows.shape[1] == len(tumour_forest.manifest.schema.names)
    profile = profile_package(tumour_forest, rows, QUICK, lambda stage, _share: stages.append(stage))
    assert stages == ["the API", "the broker", "cold starts", "the look-up", "done"]
    assert [component.name for component in profile.components] == ["model"]
    left_out = " ".join(profile.notes)
    for part, samples in {
        "the broker": profile.broker_s, "cold starts": profile.cold_starts, "the look-up": profile.lookup_s
    }.items():  # fmt: skip
        assert bool(samples) != (f"Without {part}" in left_out), "it is measured, or said why not"
    assert 1 < profile.capacity_rps < 1e6
    keep_profile("abc", profile)
    assert list(kept_profiles()) == ["abc"]


def test_cancelled_it_stops(tumour_forest: ModelPackage, home: Path) -> None:  # noqa: ARG001
    with pytest.raises(Cancelled):
        profile_package(tumour_forest, model_rows(tumour_forest), QUICK, cancelled=lambda: True)
    with pytest.raises(InvalidValue, match="version"):
        profile_file("../elsewhere")
