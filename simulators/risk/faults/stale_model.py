"""Training stops unnoticed, and the model grows old while the world goes on."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.architectures.contract import Setting
from simulators.risk.effects import Effect
from simulators.risk.faults.contract import PER_MONTH, Extent, Fault
from simulators.risk.figures import Basis
from simulators.risk.subject import Subject

_DAY_S = 86_400.0


class StaleModel(Fault):
    title = "Stale model"
    summary = (
        "New models stop coming and nobody notices for days. Each day of age turns a further share of answers wrong: "
        "with rate λ, drift d a day and age growing to T days that is λ · 86,400 · d · T² / 2 wrong answers."
    )
    basis: ClassVar[Basis] = "computed"
    settings: ClassVar[Mapping[str, Setting]] = {
        PER_MONTH: Setting(0.1, 0.0, 10_000.0, "Times in a month; an assumption"),
        "noticed_days": Setting(7.0, 0.0, 366.0, "Days until somebody notices; an assumption"),
        "drift_per_day": Setting(0.001, 0.0, 1.0, "Share of answers that a day of age turns wrong; an assumption"),
    }

    def occurrences(self, subject: Subject, values: Mapping[str, float], extent: Extent) -> tuple[Effect, ...]:
        days, drift = values["noticed_days"], values["drift_per_day"]
        full = min(days, 1 / drift) if drift else days  # beyond it every answer is wrong
        wrong = subject.rate_rps * _DAY_S * (drift * full**2 / 2 + (days - full) * (1.0 if drift else 0.0))
        share = min(drift * days, 1.0)
        return (Effect(wrong=wrong, recovery_s=days * _DAY_S, affected_share=share),) * extent.runs
