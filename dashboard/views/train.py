"""The page that trains: data, algorithm, how good it is, and the packages that came of it."""

import shlex

import streamlit as st

from dashboard.parts.address import note, recall
from dashboard.parts.progress import follow, show_failure
from dashboard.training.choosing import ChosenData, choose_data
from dashboard.training.exploring import explore
from dashboard.training.fitting import fit_form
from dashboard.training.formats import formats
from dashboard.training.own_model import upload_model
from dashboard.training.packages import label, package_list, packages, show_package
from dashboard.training.uploading import upload_data
from dashboard.views.contract import View
from dashboard.work import look_at, start
from strategies.training.tracking import tracking_uri

_PAGE = "train"


class Train(View):
    title = "Train"
    order = 10

    def show(self) -> None:
        st.title("Train")
        if stored := st.session_state.pop("_upload_stored", None):
            st.session_state["dataset"] = stored
        st.header("1. The data", anchor="data")
        data = choose_data()
        explore(data.name, data.dataset, data.target.column)
        with st.expander("Use your own data", icon=":material/upload_file:"):
            upload_data()
        st.header("2. The model", anchor="model")
        _train(data)
        st.header("3. The packages", anchor="packages")
        _packages()


def _train(data: ChosenData) -> None:
    state = look_at(job) if (job := recall(_PAGE, "job")) else None
    if state is not None and not state.ended:
        follow(state.id)
        return
    spec = fit_form(data)
    if spec is not None:
        title = f"Training {spec.algorithm} on {spec.data}"
        note(_PAGE, "job", start("strategies.training.job:run_training", spec.model_dump(), lane="train", title=title))
        st.rerun()
    with st.expander("Use your own model", icon=":material/upload_file:"):
        if job := upload_model(data):
            note(_PAGE, "job", job)
            st.rerun()
    if state is not None and state.result is not None:
        note(_PAGE, "package", str(state.result["version"]))
        note(_PAGE, "job", None)
        st.success(f"{state.title} is done: package {state.result['version']}.", icon=":material/check_circle:")
    elif state is not None:
        show_failure(state)


def _packages() -> None:
    found = packages()
    package_list(found)
    if not found:
        return
    by_version = {package.version: package for package in found}
    wanted = recall(_PAGE, "package")
    versions = list(by_version)
    chosen = st.selectbox(
        "Look at a package",
        versions,
        versions.index(wanted) if wanted in by_version else 0,
        format_func=lambda version: label(by_version[version]),
    )
    note(_PAGE, "package", chosen)
    show_package(by_version[chosen])
    with st.expander("All trainings, in MLflow"):
        st.markdown("Every training is recorded with its parameters, metrics, data and versions. Look at them with")
        st.code(f"mlflow ui --backend-store-uri {shlex.quote(tracking_uri())}", language=None, wrap_lines=True)
    st.header("4. The formats", anchor="formats")
    formats(by_version[chosen])
