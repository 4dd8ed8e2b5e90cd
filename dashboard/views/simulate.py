"""The page that predicts: traffic, architecture and size in, latency, bottleneck and cost of a bad day out."""

import streamlit as st

from dashboard.errors import errors_shown
from dashboard.parts.tables import plain, show_frame
from dashboard.simulating import answers, state
from dashboard.simulating.choosing import choose
from dashboard.simulating.downloads import downloads
from dashboard.simulating.drawing import svg
from dashboard.simulating.errors_seen import errors_seen
from dashboard.simulating.layout import lay_out
from dashboard.simulating.long_run import long_run
from dashboard.simulating.own_profile import own_profile
from dashboard.simulating.result import show_bottleneck, show_chart_chosen, show_figures, show_notes, show_warnings
from dashboard.simulating.scales import after, sliders_of
from dashboard.simulating.sliders import moved, show_sliders
from dashboard.simulating.warming import Warmth, warmth
from dashboard.simulating.words import as_table, in_words
from dashboard.views.contract import View
from data.errors import DrydockError
from simulators.runs.result import SimulationResult
from simulators.whatif import Asked
from simulators.whatif.bottleneck import find_bottleneck
from simulators.whatif.figures import figures
from simulators.whatif.running import LIVE_MOST
from simulators.whatif.trust import trust

_LOOK_AGAIN_S = 1.0


class Simulate(View):
    title = "Simulate"
    order = 28

    def show(self) -> None:
        st.title("Simulate")
        st.markdown(
            "What would happen at traffic that nobody has yet? Choose a situation and an architecture, and move the "
            "sliders: every request is simulated, from durations that were measured.",
            width=760,
        )
        state.current()
        for problem in state.problems():
            st.warning(f"The link says something that cannot be used. {plain(problem)}", icon=":material/link_off:")
        choose()
        _live()
        own_profile()
        errors_seen()


@st.fragment
def _live() -> None:
    """Sliders and all that answers them; a slider redraws only this."""
    state.set_by_controls(after(state.held(), moved(state.revision())))
    top = st.container()
    try:
        asked = answers.asked(state.held())
        result = _result(asked)
        if result is not None:
            _answer(asked, result)
    except DrydockError as error:
        st.error(plain(error), icon=":material/error:")
    with top:
        show_sliders(sliders_of(state.held()), state.revision())


def _result(asked: Asked) -> SimulationResult | None:
    """The run; None while there is none, having said why."""
    if asked.requests > LIVE_MOST:
        return long_run(asked)
    if warmth() is not Warmth.READY:
        _compiling()
        return None
    return answers.answer(asked)


@st.fragment(run_every=_LOOK_AGAIN_S)
def _compiling() -> None:
    if warmth() is Warmth.READY:
        st.rerun()
    st.info(
        "The simulator is being made ready: some seconds, or a minute or two the very first time.",
        icon=":material/hourglass_top:",
    )


def _answer(asked: Asked, result: SimulationResult) -> None:
    first = st.container()
    wide, narrow = st.columns([3, 2], gap="medium")
    with wide:  # drawn first, though it does not stand first: it is what whoever moves a slider waits for
        with errors_shown():
            show_chart_chosen(asked, result)
    found, seen, known = figures(asked, result), find_bottleneck(result), trust(asked)
    with first:
        show_warnings(asked, result)
        show_bottleneck(seen)
    with narrow:
        _drawing(asked, seen.station if seen.limited else "")
        show_figures(found, known)
    show_notes(asked, result, found, known)
    downloads(asked)


def _drawing(asked: Asked, bottleneck: str) -> None:
    """The plan itself."""
    drawing = lay_out(asked.plan)
    words = in_words(asked.plan, drawing, bottleneck)
    st.image(svg(drawing, st.context.theme.type or "light", bottleneck=bottleneck), alt=words, width=380)
    with st.expander("The plan in words"):
        st.markdown(plain(words))
        show_frame(as_table(asked.plan))
