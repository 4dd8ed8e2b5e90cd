"""Publishing one new model to everything that runs, and watching how each strategy takes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.deploying.releasing import release_anew, strategy_of
from dashboard.errors import errors_shown
from dashboard.parts.tables import plain, show_rows
from dashboard.training.packages import label
from dashboard.work import look_at
from data.errors import DrydockError
from simulators.comparison.patterns import seconds
from strategies.jobs import JobState
from strategies.live import SERVING, LiveClient
from strategies.packaging.package import ModelPackage
from strategies.packaging.shelf import list_packages, packages_folder
from strategies.survey.again import published_again
from strategies.survey.taking_up import RATE_RPS, TakingUp

_SEEN, _VERSION = "_published", "publish_version"
Live = Sequence[tuple[JobState, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Taken:
    """What one deployment made of a published model."""

    title: str
    version: str
    outcome: TakingUp | str
    """How it took it up, or why it did not."""
    job: str
    payload: dict[str, Any]
    needs_deployment: bool


def publish_to_all(mine: Live) -> None:
    """Controls for the version, the button, and what came of it; nothing while nothing serves."""
    serving = [(state, payload) for state, payload in mine if state.stage == SERVING and not state.ended]
    if not serving:
        return
    st.header("Publish a new model", anchor="publish")
    st.markdown(
        f"Requests go to each deployment, {RATE_RPS:g} a second, while the model is published to it; it is watched "
        "until the new version answers.",
        width=760,
    )
    package = _choose(Path(serving[0][1]["folder"]))
    if package and st.button("Publish it to all that run", type="primary", icon=":material/publish:"):
        with st.spinner("Publishing, with requests going on …"):
            st.session_state[_SEEN] = [_publish(state, payload, package) for state, payload in serving]
        st.rerun()
    if found := st.session_state.get(_SEEN):
        _table(found)
        for taken in found:
            if taken.needs_deployment:
                _release(taken)


def _choose(folder: Path) -> ModelPackage | None:
    """The version to publish: another package of the same features, or a new version of the same model."""
    now = next((p for p in list_packages() if p.folder.name == folder.name), None)
    if now is None:
        st.info("The package that was deployed is not on the shelf any more.")
        return None
    fits = [p for p in list_packages() if p.manifest.schema.names == now.manifest.schema.names]
    versions = {p.version: p for p in fits}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Version to publish", list(versions), key=_VERSION, format_func=lambda v: label(versions[v]), width=480
        )
        st.button(
            "Make a new version of the same model", icon=":material/content_copy:", on_click=_again,
            args=(versions[chosen],),
        )  # fmt: skip
    return versions[chosen]


def _again(package: ModelPackage) -> None:
    """Put a copy on the shelf, and choose it."""
    with errors_shown():
        st.session_state[_VERSION] = published_again(package, packages_folder()).version


def _publish(state: JobState, payload: dict[str, Any], package: ModelPackage) -> Taken:
    needs = strategy_of(payload).update_needs_deployment
    outcome: TakingUp | str = "needs a deployment"
    client = LiveClient(int(state.message), payload["secret"])
    try:
        if client.status().version == package.version:
            outcome, needs = "serves this version already", False
        elif not needs:
            outcome = client.publish(str(package.folder))
    except DrydockError as error:
        outcome = str(error)
    return Taken(state.title, package.version, outcome, state.id, payload, needs)


def _table(found: Sequence[Taken]) -> None:
    st.markdown(f"**How version {found[0].version} was taken up**")
    show_rows([{"deployment": taken.title, "what came of it": _said(taken.outcome)} for taken in found], "deployment")


def _said(outcome: TakingUp | str) -> str:
    if isinstance(outcome, str):
        return outcome
    old = "" if outcome.last_old_s is None else f"; last by the old version after {seconds(outcome.last_old_s)}"
    return (
        f"first answer by the new version after {seconds(outcome.first_new_s)}{old}; "
        f"{outcome.dropped:,} of {outcome.sent:,} requests dropped"
    )


def _release(taken: Taken) -> None:
    """Deploying anew what a model reaches only so."""
    state = look_at(taken.job)
    if state is None or state.ended:
        return
    if st.button(f"Release {plain(taken.title)} anew with {taken.version}", key=f"release-{taken.job}"):
        release_anew(taken.job, taken.payload, taken.version)
        st.rerun()
