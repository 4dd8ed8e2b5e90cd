"""The question that the Simulate page asks: one value, in the session and in the address at once.

The address holds what differs from the default question, so a link brings every control back. A control writes the
question; the address follows. An address that changes by itself (a link, the browser's back button) is read anew.
"""

import streamlit as st

from data.discovery import kinds
from data.errors import InvalidValue
from simulators.architectures.contract import STRATEGIES, Architecture
from simulators.presets.contract import Preset
from simulators.whatif import Question, known_profiles

LOOK, JOB, PROFILING, WHICH = "look", "job", "profiling", "request"
"""Parameters of the address that are not the question's: chart, job that simulates, job that profiles, request."""

_QUESTION, _WRITTEN, _REVISION, _PROBLEMS = "_question", "_question_in_url", "_question_revision", "_question_problems"


def current() -> Question:
    """The question as it is now; called once at the top of the page."""
    here = _in_address()
    written = st.session_state.get(_WRITTEN)
    if written is None or (here and here != written):
        question, problems = _read(here)
        st.session_state[_PROBLEMS] = problems
        replace(question)
    else:
        _write()
    return held()


def held() -> Question:
    """The question without a look at the address."""
    found = st.session_state[_QUESTION]
    assert isinstance(found, Question)
    return found


def problems() -> list[InvalidValue]:
    """What in the address could not be used."""
    return list(st.session_state.get(_PROBLEMS, []))


def revision() -> int:
    """Grows whenever the controls must start anew from the question."""
    return int(st.session_state.get(_REVISION, 0))


def set_by_controls(question: Question) -> None:
    """Take over what the controls say; they stay as they are."""
    if question != st.session_state.get(_QUESTION):
        st.session_state[_QUESTION] = question
        st.session_state[_PROBLEMS] = []
        _write()


def replace(question: Question) -> None:
    """Take over a question from elsewhere; the controls start anew from it."""
    st.session_state[_QUESTION] = question
    st.session_state[_REVISION] = revision() + 1
    _write()


def _read(parameters: dict[str, str]) -> tuple[Question, list[InvalidValue]]:
    """The address's question; what names nothing that exists falls back to the default, and is told."""
    known = {
        "preset": kinds("simulators.presets", Preset),  # type: ignore[type-abstract]
        "architecture": kinds("simulators.architectures", Architecture),  # type: ignore[type-abstract]
        "strategy": STRATEGIES,
        "profile": known_profiles(),
    }
    usable, problems = dict(parameters), list[InvalidValue]()
    for name, names in known.items():
        if (value := usable.get(name)) is not None and value not in names:
            problems.append(InvalidValue(name, value, "does not exist", f"choose one of {', '.join(names)}"))
            del usable[name]
    question, others = Question.from_query(usable)
    settings = known["architecture"][question.architecture].settings  # type: ignore[index]
    for setting, given in question.settings:
        if setting not in settings:
            rule = f"is not a setting of {question.architecture}"
            others.append(InvalidValue(f"set.{setting}", given, rule, f"choose from {', '.join(settings) or 'none'}"))
            question = question.without_setting(setting)
    return question, problems + others


def _in_address() -> dict[str, str]:
    return {name: value for name, value in st.query_params.to_dict().items() if Question.knows(name)}


def _write() -> None:
    wanted, here = held().to_query(), _in_address()
    for name in here.keys() - wanted.keys():
        del st.query_params[name]
    st.query_params.update({name: value for name, value in wanted.items() if here.get(name) != value})
    st.session_state[_WRITTEN] = wanted
