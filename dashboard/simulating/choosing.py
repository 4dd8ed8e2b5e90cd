"""Choosing what to simulate: the situation, the architecture, the strategy, and where durations come from."""

from collections.abc import Mapping
from dataclasses import replace

import streamlit as st

from dashboard.errors import errors_shown
from dashboard.parts.address import note
from dashboard.parts.form import label_of
from dashboard.parts.tables import plain
from dashboard.simulating import state
from dashboard.simulating.answers import profiles
from dashboard.simulating.scales import SCALES
from data.discovery import kinds
from data.errors import DrydockError
from data.workloads._traces import trace_names
from simulators.architectures.contract import STRATEGIES, Architecture, Setting
from simulators.presets.contract import Preset
from simulators.whatif import Question
from simulators.whatif.planning import at_load, suited
from simulators.whatif.running import LIVE_MOST

DURATIONS = {60.0: "1 minute", 600.0: "10 minutes", 3_600.0: "1 hour", 86_400.0: "24 hours"}
_WORDS = {"embedded": "Embedded", "api": "API", "streaming": "Streaming", "batch": "Batch"}


def choose() -> None:
    """The controls above the sliders; each writes the question, and what it refuses is said."""
    question, key = state.held(), f"q{state.revision()}"
    known = kinds("simulators.presets", Preset)  # type: ignore[type-abstract]
    places = st.columns(4)
    with places[0]:
        presets = sorted(known, key=lambda name: known[name].order)
        preset = st.selectbox(
            "Situation", presets, presets.index(question.preset), key=f"{key}.preset",
            format_func=lambda name: known[name].title,
        )  # fmt: skip
    if preset != question.preset:
        _take(suited(question, preset), known[preset].load)
    with places[1]:
        question = _architecture(question, key)
    with places[2]:
        question = _strategy(question, key)
    with places[3]:
        question = _profile(question, key)
    if preset == "real_traces":
        traces = trace_names()
        place = traces.index(question.trace) if question.trace in traces else 0
        chosen = st.selectbox("Trace to replay", traces, place, key=f"{key}.trace", width=300)
        question = replace(question, trace=chosen)
    _explain(question)
    with st.container(horizontal=True):
        with st.popover("More settings", icon=":material/tune:"):
            question = _settings(_numbers(question, key), key)
        if st.button("Reset", icon=":material/restart_alt:"):
            reset()
    state.set_by_controls(question)


def reset() -> None:
    """Begin anew, with nothing in the address."""
    for name in (state.LOOK, state.WHICH):
        if name in st.query_params:
            del st.query_params[name]
    note("simulate", state.JOB, None)
    st.session_state[state.LOOK] = None
    state.replace(Question())
    st.rerun()


def _take(question: Question, load: float) -> None:
    """Another situation: the page begins anew from it, at a rate at which there is something to see."""
    with errors_shown():
        question = at_load(question, profiles(), load, 0.8 * LIVE_MOST / question.duration_s)
    state.replace(question)
    st.session_state[state.LOOK] = None
    st.rerun()


def _architecture(question: Question, key: str) -> Question:
    known = _architectures()
    names = [name for name in known if name != "null"] + ["null"]
    name = st.selectbox(
        "Architecture", names, names.index(question.architecture), key=f"{key}.architecture",
        format_func=lambda name: known[name].title,
    )  # fmt: skip
    return question if name == question.architecture else replace(question.without_settings(), architecture=name)


def _strategy(question: Question, key: str) -> Question:
    """Those that make sense; why the others do not is told below."""
    architecture = _architectures()[question.architecture]
    fitting = [strategy for strategy in STRATEGIES if strategy in architecture.strategies]
    usual = question.strategy if question.strategy in fitting else architecture.strategies[0]
    chosen = st.selectbox(
        "Strategy", fitting, fitting.index(usual), key=f"{key}.strategy.{question.architecture}",
        format_func=lambda one: _WORDS[one],
    )  # fmt: skip
    return replace(question, strategy=chosen)


def _profile(question: Question, key: str) -> Question:
    known = profiles()
    names = list(known)
    place = names.index(question.profile) if question.profile in names else len(names) - 1
    chosen = st.selectbox(
        "Durations come from", names, place, key=f"{key}.profile", format_func=lambda name: known[name].title
    )
    return replace(question, profile=chosen)


def _explain(question: Question) -> None:
    """What the choices mean, and why some cannot be made."""
    preset = kinds("simulators.presets", Preset)[question.preset]  # type: ignore[type-abstract]
    architecture = _architectures()[question.architecture]
    st.markdown(f"**{preset.title}.** {preset.summary} Watch: {preset.watch}")
    reasons = [f"Not {_WORDS[name]}: {why}" for name in STRATEGIES if (why := architecture.why_not(name))]
    about = profiles()[question.profile].about
    st.caption("  \n".join([f"{architecture.title}: {architecture.summary}", *reasons, plain(about)]))


def _architectures() -> Mapping[str, type[Architecture]]:
    return kinds("simulators.architectures", Architecture)  # type: ignore[type-abstract]


def _numbers(question: Question, key: str) -> Question:
    places = st.columns(2)
    options = sorted({*DURATIONS, question.duration_s})
    with places[0]:
        duration_s = st.selectbox(
            "Simulated time", options, options.index(question.duration_s), key=f"{key}.duration",
            format_func=lambda s: DURATIONS.get(s, f"{s:g} s"),
        )  # fmt: skip
    with places[1]:
        slo_ms = st.number_input(
            "SLO: 99% within (ms)", 0.001, 1e6, float(question.slo_ms), key=f"{key}.slo", format="%.6g"
        )
    with places[0]:
        precision = st.number_input(
            "Mean known to ± (share)", 0.0001, 0.5, question.precision, 0.01, "%.4g", f"{key}.precision",
            help="A run that is too short for this says so, and how long it would have to be.",
        )  # fmt: skip
    with places[1]:
        seed = st.number_input("Seed", 0, 2**31 - 1, question.seed, key=f"{key}.seed", step=1)
    try:
        return replace(
            question, duration_s=duration_s, slo_ms=float(slo_ms), precision=float(precision), seed=int(seed)
        )
    except DrydockError as error:
        st.error(plain(error), icon=":material/error:")
        return question


def _settings(question: Question, key: str) -> Question:
    """Every setting that has no slider; only those that differ from the default are kept."""
    architecture, values = _architectures()[question.architecture], dict(question.settings)
    places = st.columns(2)
    shown = {name: setting for name, setting in architecture.settings.items() if name not in SCALES}
    for i, (name, setting) in enumerate(shown.items()):
        with places[i % 2]:
            value = _setting(
                name, setting, values.get(name, setting.default), f"{key}.set.{architecture.__name__}.{name}"
            )
        question = (
            question.without_setting(name) if value == setting.default else question.with_settings(**{name: value})
        )
    return question


def _setting(name: str, setting: Setting, value: float, key: str) -> float:
    value = min(max(value, setting.low), setting.high)
    if isinstance(setting.default, int):
        return int(
            st.number_input(
                label_of(name), int(setting.low), int(setting.high), int(value), key=key, help=setting.meaning
            )
        )
    return float(
        st.number_input(
            label_of(name), float(setting.low), float(setting.high), float(value), key=key, help=setting.meaning,
            format="%.6g",
        )
    )  # fmt: skip
