"""A deployment that runs: how it is, one prediction from it, a new version for it, and its end."""

import time
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.deploying.releasing import release_anew, strategy_of
from dashboard.errors import errors_shown
from dashboard.parts.progress import show_failure
from dashboard.parts.tables import plain, show_rows
from dashboard.training.packages import label
from dashboard.work import look_at, queue
from data.errors import DrydockError
from data.estimates.text import digits
from strategies.jobs import JobState
from strategies.live import SERVING, LiveClient
from strategies.live.snippets import curl_line, example_record, python_lines
from strategies.packaging.package import Manifest, ModelPackage
from strategies.packaging.shelf import list_packages

_EVERY_S = 2.0
_COLUMNS = 4


def show_live(state: JobState, payload: dict[str, Any]) -> None:
    """One deployment's panel."""
    with st.container(border=True, key=f"live-{state.id}"):
        st.subheader(state.title, anchor=False)
        if state.ended:
            show_failure(state) if state.error else st.caption("It was stopped. Its processes and ports are gone.")
            return
        _status(state.id, payload)
        if state.stage == SERVING:
            _use(state.id, payload)


@st.fragment(run_every=_EVERY_S)
def _status(job_id: str, payload: dict[str, Any]) -> None:
    state = look_at(job_id)
    if state is None or state.ended or (state.stage == SERVING) != (f"_up.{job_id}" in st.session_state):
        if state is not None and state.stage == SERVING:
            st.session_state[f"_up.{job_id}"] = True
        st.rerun()
        return
    if state.stage != SERVING:
        st.progress(0.0, "Stopping …" if state.cancelling else "Starting …")
    else:
        with errors_shown():
            _facts(state, LiveClient(int(state.message), payload["secret"]))
    if st.button("Stop", key=f"stop-{job_id}", disabled=state.cancelling, icon=":material/stop_circle:"):
        queue().cancel(job_id)


def _facts(state: JobState, client: LiveClient) -> None:
    found = client.status()
    up_s = time.time() - (state.started_at or time.time())
    ports = ", ".join(map(str, found.ports)) or "none"
    facts = {
        "Version": found.version,
        "Up for": f"{up_s:,.0f} s",
        "Process": ", ".join(map(str, found.pids)),
        "Port": ports,
        "Memory": f"{digits(found.memory_bytes / 2**20)} MiB",
        "Processor time": "not measured" if found.cpu_s is None else f"{digits(found.cpu_s)} s",
    }
    with st.container(horizontal=True):
        for name, value in facts.items():
            st.metric(name, value, width="content")
    if found.log.strip():
        with st.expander("Log"):
            st.code(found.log.strip(), language=None, wrap_lines=True)


@st.fragment
def _use(job_id: str, payload: dict[str, Any]) -> None:
    state = look_at(job_id)
    if state is None or state.stage != SERVING:
        return
    client = LiveClient(int(state.message), payload["secret"])
    with errors_shown():
        status = client.status()
        package = ModelPackage.open(Path(payload["folder"]).with_name(status.version))
        trying, asking, updating = st.tabs(["Try it", "From your own program", "New version"])
        with trying:
            record = _form(job_id, package.manifest)
            if st.button("Predict", key=f"predict-{job_id}", type="primary"):
                _predict(client, record, package.manifest)
        with asking:
            if status.ports:
                st.markdown("Paste this into a shell on this machine:")
                st.code(curl_line(status.ports[0], record), language=None, wrap_lines=True)
            else:
                st.markdown("An embedded model has no port. A Python program in this folder asks it so:")
                st.code(python_lines(package, record), language=None, wrap_lines=True)
        with updating:
            _update(job_id, payload, client, package)


def _form(job_id: str, manifest: Manifest) -> dict[str, Any]:
    """A control for each feature, starting with a row that the model has an answer to."""
    start, record = example_record(manifest), dict[str, Any]()
    with st.expander("The values to ask for", expanded=len(start) <= 16):
        places = st.columns(_COLUMNS)
        for i, feature in enumerate(manifest.schema.features):
            unit = f" ({feature.unit})" if feature.unit else ""
            key, about = f"{job_id}.{feature.name}", feature.description or None
            with places[i % _COLUMNS]:
                if feature.kind == "category":
                    options = list(feature.categories)
                    place = options.index(start[feature.name]) if start[feature.name] in options else None
                    record[feature.name] = st.selectbox(feature.name, options, place, key=key, help=about)
                else:
                    value = None if start[feature.name] is None else float(start[feature.name])
                    record[feature.name] = st.number_input(
                        f"{feature.name}{unit}", value=value, format="%.6g", key=key, help=about
                    )
    return record


def _predict(client: LiveClient, record: dict[str, Any], manifest: Manifest) -> None:
    try:
        tried = client.predict(record)
    except DrydockError as error:
        st.error(plain(error), icon=":material/error:")
        return
    if tried.status != "ok":
        st.error(f"The request ended as {tried.status}: {plain(tried.reason)}", icon=":material/error:")
        return
    took = f"{digits(tried.latency_ms)} ms, version {tried.version}"
    if manifest.task == "regression":
        st.success(f"**{plain(manifest.target)}: {digits(tried.outputs[0])}** ({took})", icon=":material/check_circle:")
        return
    best = max(range(len(tried.outputs)), key=tried.outputs.__getitem__)
    if manifest.task == "binary":
        best = int(tried.outputs[1] >= manifest.threshold)
    st.success(
        f"**{plain(manifest.target)}: {plain(manifest.outputs[best])}** ({took})", icon=":material/check_circle:"
    )
    rows = [{"class": n, "probability": f"{p:.4f}"} for n, p in zip(manifest.outputs, tried.outputs, strict=True)]
    show_rows(rows, "class")


def _update(job_id: str, payload: dict[str, Any], client: LiveClient, now: ModelPackage) -> None:
    others = {
        package.version: package
        for package in list_packages()
        if package.version != now.version
        and package.manifest.name == now.manifest.name
        and package.manifest.schema.names == now.manifest.schema.names
    }
    if not others:
        st.info(f"No other package of {plain(now.manifest.name)} is on the shelf. Train another one, and ship it here.")
        return
    chosen = st.selectbox(
        "Version to ship", list(others), key=f"ship-{job_id}", format_func=lambda version: label(others[version])
    )
    if strategy_of(payload).update_needs_deployment:
        st.caption("This strategy takes no model up while it runs: a new version needs a deployment.")
        if st.button("Deploy it anew", key=f"do-ship-{job_id}"):
            release_anew(job_id, payload, chosen)
            st.rerun()
    elif st.button("Ship it", key=f"do-ship-{job_id}"):
        try:
            version = client.update(str(others[chosen].folder))
        except DrydockError as error:
            st.error(plain(error), icon=":material/error:")
            return
        st.toast(f"Version {version} answers now.")
        st.rerun()
