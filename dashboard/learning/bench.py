"""The experiment on the page: controls, Run, progress and Cancel."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard.learning import place
from dashboard.learning.desk import Desk
from dashboard.learning.failing import reported
from dashboard.learning.readying import is_ready, is_waiting, show_wait, stop_waiting, wait_to_run
from dashboard.parts.progress import follow, show_failure
from dashboard.parts.tables import plain
from dashboard.work import cancel, look_at, start
from lessons.contract import Experiment
from lessons.controls import Choice, Control, Number, Settings, Switch, Value
from lessons.language import _
from lessons.record import Record
from lessons.running import JOB, run_experiment
from strategies.jobs import JobState

_FEW = 4
"""Options that are shown all at once."""


def bench(desk: Desk) -> tuple[Settings, int]:
    """Show controls and Run; returns what is set now."""
    ready = is_ready(desk)  # asked as soon as the lesson is opened, so that reading is waiting enough
    wanted = place.wanted(desk.slug, desk.experiment)
    for problem in wanted.problems:
        st.warning(
            _("The link says something that cannot be used. {problem}").format(problem=plain(problem)),
            icon=":material/link_off:",
        )
    key = desk.key(f"set.{place.revision(desk.slug)}")
    settings, seed = show_controls(desk.experiment, wanted.settings, wanted.seed, key)
    place.remember(desk.slug, desk.experiment, settings, seed)
    if _under_way(desk):
        return settings, seed
    if is_waiting(desk) and not ready:
        show_wait(desk)
    elif is_waiting(desk) or _pressed_run(desk):
        _run(desk, settings, seed, ready)
    return settings, seed


def _under_way(desk: Desk) -> bool:
    """Show the job that measures; whether there still is one."""
    job_id = place.job(desk.slug)
    job = look_at(job_id) if job_id else None
    if job is not None and not job.ended:
        follow(job.id)
        _reset_button(desk, job.id)
        return True
    if job is not None:
        _ended(desk, job)
    return False


def _pressed_run(desk: Desk) -> bool:
    """Show Run and Reset; whether Run was pressed."""
    may = desk.demo or desk.state.predicted is not None
    with st.container(horizontal=True):
        run = st.button(
            _("Run"), key=desk.key("run"), type="primary", icon=":material/play_arrow:", disabled=not may,
            help=None if may else _("Predict first: Run opens then."),
        )  # fmt: skip
        _reset_button(desk, None)
    return run


def show_controls(experiment: Experiment, start: Settings, seed: int, key: str) -> tuple[Settings, int]:
    """A control for each setting, beginning with `start`; returns what they say. `key` begins the widgets' keys."""
    settings = {
        control.name: _control(control, start[control.name], f"{key}.{control.name}") for control in experiment.controls
    }
    with st.expander(_("Seed")):
        _begin(f"{key}.seed", seed)
        chosen = st.number_input(
            _("Seed of the random numbers"), 0, place.MAX_SEED, step=1, key=f"{key}.seed",
            help=_("The same seed and settings simulate the same; another seed shows how far luck reaches."),
        )  # fmt: skip
    return settings, int(chosen)


def _begin(key: str, value: Value) -> None:
    """What a control starts with, said once: a default that follows the address would pull it back while it moves."""
    if key not in st.session_state:
        st.session_state[key] = value


def _control(control: Control, value: Value, key: str) -> Value:
    label, about = _(control.label), _(control.help) or None
    _begin(key, value)
    if isinstance(control, Switch):
        return st.toggle(label, key=key, help=about)
    if isinstance(control, Choice):
        values = [option.value for option in control.options]
        names = {option.value: _(option.label) for option in control.options}
        shown: Any = st.radio if len(values) <= _FEW else st.selectbox
        return str(shown(label, values, format_func=names.__getitem__, key=key, help=about))
    return _number(control, key, label, about)


def _number(control: Number, key: str, label: str, about: str | None) -> Value:
    kind = int if control.whole else float
    named = f"{label} ({_(control.unit)})" if control.unit else label
    low, high, step = kind(control.low), kind(control.high), kind(control.step)
    chosen = st.slider(named, low, high, step=step, key=key, help=about)
    # Steps of a fraction come back with the errors of binary arithmetic.
    return int(chosen) if control.whole else round(float(chosen), 9)


def _reset_button(desk: Desk, job_id: str | None) -> None:
    """Back to the set-up, also while a run is under way: it ends."""
    if not st.button(_("Reset"), key=desk.key("reset"), icon=":material/restart_alt:"):
        return
    if job_id:
        cancel(job_id)
        place.note_job(desk.slug, None)
    desk.experiment.reset()
    place.forget(desk.slug, desk.experiment)
    st.rerun()


def _run(desk: Desk, settings: Settings, seed: int, ready: bool) -> None:
    if not ready:
        wait_to_run(desk)
        st.rerun()
    stop_waiting(desk)
    if desk.experiment.origin_here() == "measured":
        payload = {"lesson": desk.slug, "settings": dict(settings), "seed": seed}
        journal, demo = desk.journal, desk.demo

        def ended(state: JobState) -> None:
            # In the queue's thread, once, whoever still looks: two tabs that follow the job must not both keep it.
            if state.result is not None and not demo:
                journal.ran(Record.from_dict(state.result["record"]))

        title = _("Lesson {number}").format(number=desk.text.number)
        place.note_job(desk.slug, start(JOB, payload, lane="measure", title=title, on_end=ended))
        st.rerun()
    with reported(desk.slug):
        desk.keep(_simulated(desk, settings, seed))
        st.rerun()


def _simulated(desk: Desk, settings: Settings, seed: int) -> Record:
    """Run it here and now. Pressing Cancel draws the page anew, which ends this at its next word of progress."""
    holder = st.empty()
    with holder.container():
        bar = st.progress(0.0, _("starting"))
        st.button(_("Cancel"), key=desk.key("cancel"), icon=":material/stop_circle:")

    def progress(stage: str, share: float, message: str = "", /) -> None:
        bar.progress(min(max(share, 0.0), 1.0), ", ".join(part for part in (stage, message) if part))

    record = run_experiment(desk.slug, settings, seed=seed, progress=progress, cancelled=lambda: False)
    holder.empty()
    return record


def _ended(desk: Desk, job: JobState) -> None:
    place.note_job(desk.slug, None)
    if job.result is None:
        show_failure(job)
        if job.error is not None and not job.error.is_a(_own_error()):
            _report(desk.slug, job)
    elif desk.demo:
        result: Mapping[str, Any] = job.result
        desk.keep(Record.from_dict(result["record"]))


def _own_error() -> type[BaseException]:
    from data.errors import DrydockError

    return DrydockError


def _report(slug: str, job: JobState) -> None:
    from dashboard.learning.failing import report_log

    report_log(slug, job.error.message if job.error else "", job.log)
