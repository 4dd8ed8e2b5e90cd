"""A model that somebody else made: checked closely in a process of its own, and packaged if it can be trusted."""

import tempfile
from pathlib import Path

import streamlit as st

from dashboard.training.choosing import ChosenData
from dashboard.work import start

_UPLOAD = "strategies.training.upload_job:run_upload"


def upload_model(data: ChosenData) -> str | None:
    """Controls for the file; the job that checks and packages it, once it is sent."""
    st.markdown(
        f"ONNX or skops, for rows of **{data.name}** in the order of its {len(data.dataset.schema)} features. A pickle "
        "is refused unread, as loading one runs whatever its author put into it. Export such a model as ONNX."
    )
    with st.form("own-model"):
        file = st.file_uploader("Model file", key="model_file")
        name = st.text_input("Name", key="model_name", max_chars=64, placeholder="the file's name")
        if not st.form_submit_button("Check and package it") or file is None:
            return None
    with tempfile.NamedTemporaryFile(prefix="drydock-model-", suffix=Path(file.name).suffix, delete=False) as kept:
        kept.write(file.getbuffer())
    payload = {
        "file": kept.name,
        "file_name": file.name,
        "data": data.name,
        "target": data.target.column,
        "name": name.strip(),
    }
    path = Path(kept.name)
    return start(
        _UPLOAD,
        payload,
        lane="train",
        title=f"Checking {file.name}",
        on_end=lambda _state: path.unlink(missing_ok=True),
    )
