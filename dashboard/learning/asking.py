"""Questions on the page: an answer is kept, and what is said to it stays beside it."""

from collections.abc import Callable, Mapping

import streamlit as st

from dashboard.learning.reading import COLUMN
from lessons.language import _
from lessons.progress import Answer
from lessons.texts import ChoiceQuestion, NumberQuestion

Answered = Callable[[float, bool], None]


def ask(question: ChoiceQuestion | NumberQuestion, key: str, before: Answer | None, answered: Answered) -> None:
    """Ask either kind, of a text that cites no run."""
    if isinstance(question, ChoiceQuestion):
        ask_choice(question, key, before, answered)
    else:
        ask_number(question, key, before, answered)


def ask_choice(
    question: ChoiceQuestion,
    key: str,
    before: Answer | None,
    answered: Answered,
    quoted: Mapping[str, object] | None = None,
) -> None:
    """Ask for one of several options.

    Parameters
    ----------
    before
        The answer kept from before, which is shown again.
    answered
        Called with the place of the option and whether it is right, before the page is drawn anew.
    quoted
        What feedback may cite; None where it cites nothing.
    """
    st.markdown(question.text, width=COLUMN)
    places = range(len(question.options))
    kept = int(before.given) if before and int(before.given) in places else None
    chosen = st.radio(
        _("Choose one"), places, kept, format_func=lambda i: question.options[i].text, key=key,
        label_visibility="collapsed", width=COLUMN,
    )  # fmt: skip
    st.button(
        _("Answer"), key=f"{key}.answer", disabled=chosen is None, on_click=_chosen, args=(question, key, answered)
    )
    if chosen is not None and chosen == kept:
        option = question.options[chosen]
        _say(option.feedback.format(**quoted) if quoted is not None else option.feedback, option.right)


def ask_number(question: NumberQuestion, key: str, before: Answer | None, answered: Answered) -> None:
    """Ask for a number; the explanation comes with the right one, or after three tries."""
    st.markdown(question.text, width=COLUMN)
    label = _("Your answer ({unit})").format(unit=question.unit) if question.unit else _("Your answer")
    given = st.number_input(label, value=before.given if before else None, key=key, width=240, format="%.6g")
    st.button(_("Answer"), key=f"{key}.answer", disabled=given is None, on_click=_given, args=(question, key, answered))
    if before and given == before.given:
        if before.right or before.tries >= 3:
            _say(question.feedback, before.right)
        else:
            _say(_("Not {value:g}. Look at the steps above once more.").format(value=before.given), False)


def _chosen(question: ChoiceQuestion, key: str, answered: Answered) -> None:
    """Called before the page is drawn anew, so that no other event can overtake the answer."""
    chosen = st.session_state.get(key)
    if chosen is not None:
        answered(chosen, question.options[chosen].right)


def _given(question: NumberQuestion, key: str, answered: Answered) -> None:
    given = st.session_state.get(key)
    if given is not None:
        answered(given, question.accepts(given))


def _say(markdown: str, right: bool) -> None:
    with st.container(width=COLUMN):
        if right:
            st.success(markdown, icon=":material/check_circle:")
        else:
            st.info(markdown, icon=":material/lightbulb:")
