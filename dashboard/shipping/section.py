"""The section that shows the files to ship a candidate: each kind with its command and a preview, all of them as a zip.

`shipping` is for a page that knows the candidates; `shipping_of` lets people choose how a model is to be deployed.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.errors import errors_shown
from dashboard.parts.tables import plain
from data.scenario import Candidate, Slo
from strategies.packaging.package import ModelPackage

if TYPE_CHECKING:  # whoever only opens the page need not wait for what writes the files
    from simulators.shipping import Made, Resources, Shipped

_REGISTRY = "registry.example.com"
_ABOUT = (
    "Image, compose file, Kubernetes manifests, canary, AWS templates, and the workflow that tests, measures and "
    "releases, as files that you keep beside your own."
)
_MOST_SHOWN = 6_000
"""Characters of a file that are previewed."""
_HIDDEN = ("/strategies/", "/data/", "code/", "files/", "/package/")
"""Parts of the paths of our own code and of the model, which are shipped and not previewed."""
_WAYS: Mapping[str, Mapping[str, str]] = {
    "API": {"strategy": "api", "architecture": "container_orchestrated"},
    "API on SageMaker Serverless": {"strategy": "api", "architecture": "managed_serverless"},
    "Streaming": {"strategy": "streaming", "architecture": "container_orchestrated"},
    "Batch": {"strategy": "batch", "architecture": "container_orchestrated"},
    "Embedded": {"strategy": "embedded", "architecture": "monolith"},
}


def shipping(
    package: ModelPackage,
    candidates: Sequence[Candidate],
    slo: Slo,
    rate_rps: float,
    resources: "Mapping[str, Resources] | None" = None,
) -> None:
    """The section for candidates that were compared, the chosen one first.

    Parameters
    ----------
    rate_rps
        The forecast, at which the workflow measures.
    resources
        What each candidate was measured to need, by its name; others get an assumption, which is said.
    """
    st.header("Files to ship it", anchor="ship")
    _chosen(package, tuple(candidates), slo, rate_rps, dict(resources or {}))


def shipping_of(package: ModelPackage) -> None:
    """The section for a model of which nothing else is known."""
    st.header("Files to ship it", anchor="ship")
    _any_way(package)


@st.fragment
def _chosen(
    package: ModelPackage, candidates: tuple[Candidate, ...], slo: Slo, rate_rps: float,
    resources: "dict[str, Resources]",
) -> None:  # fmt: skip
    from simulators.shipping import Resources

    by_name = {candidate.name: candidate for candidate in candidates}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Candidate to ship", list(by_name), key="ship_candidate", width=300)
        registry = _registry()
    if _wanted():
        _show(package, by_name[name], slo, resources.get(name, Resources()), rate_rps, registry)


@st.fragment
def _any_way(package: ModelPackage) -> None:
    from simulators.shipping import Resources

    with st.container(horizontal=True, vertical_alignment="bottom"):
        way = st.selectbox("Deployed as", list(_WAYS), key="ship_way", width=300)
        replicas = st.number_input("Replicas", 1, 64, 2, key="ship_replicas", width=120)
        rate_rps = st.number_input("Forecast (requests per s)", 0.1, 1e6, 10.0, key="ship_rate", width=200)
        registry = _registry()
    chosen = _WAYS[way]
    candidate = Candidate(
        name="shipped", workers=int(replicas), release="canary", strategy=chosen["strategy"],
        architecture=chosen["architecture"],
    )  # fmt: skip
    if _wanted():
        _show(package, candidate, Slo(), Resources(), float(rate_rps), registry)


def _registry() -> str:
    return st.text_input("Registry for images", _REGISTRY, key="ship_registry", max_chars=200, width=260)


def _wanted() -> bool:
    """Files are written once somebody asks for them: opening the page costs nothing."""
    if st.session_state.get("_ship"):
        return True
    st.markdown(_ABOUT, width=760)
    if st.button("Write the files", icon=":material/deployed_code:"):
        st.session_state["_ship"] = True
        st.rerun()
    return False


def _show(
    package: ModelPackage, candidate: Candidate, slo: Slo, resources: "Resources", rate_rps: float, registry: str
) -> None:
    from dashboard.shipping.making import files_of

    with errors_shown():
        shipped = files_of(
            str(package.folder), candidate.model_dump_json(), slo.model_dump_json(), resources, rate_rps,
            registry.strip(),
        )  # fmt: skip
        _files(shipped, f"{package.manifest.name}-{package.version}-{candidate.strategy}.zip", resources)


def _files(shipped: "Shipped", name: str, resources: "Resources") -> None:
    st.markdown(
        f"{len(shipped.files):,} files. Each replica gets {resources.cpus:g} processors "
        f"and {resources.mib:,} MiB ({plain(resources.basis)}).",
        width=760,
    )
    st.download_button(
        "All files (zip)", shipped.zipped, name, "application/zip", on_click="ignore", type="primary",
        icon=":material/download:",
    )  # fmt: skip
    for made in shipped.made:
        with st.expander(made.title, icon=":material/description:"):
            _kind(made)
    if shipped.left_out:
        st.caption(f"Made for other strategies, and left out here: {', '.join(shipped.left_out)}.")


def _kind(made: "Made") -> None:
    st.markdown(plain(made.summary))
    st.code(made.use, language=None, wrap_lines=True)
    shown = {path: text for path, content in made.files.items() if (text := _readable(path, content)) is not None}
    path = st.selectbox("File", list(shown), key=f"ship_file_{made.name}")
    if path is not None:
        text = shown[path]
        st.code(text[:_MOST_SHOWN].rstrip(), language=None, wrap_lines=True)
        if len(text) > _MOST_SHOWN:
            st.caption(f"The first {_MOST_SHOWN:,} of {len(text):,} characters.")
    if hidden := len(made.files) - len(shown):
        st.caption(f"And {hidden:,} files of code and model, in the zip.")


def _readable(path: str, content: bytes) -> str | None:
    """The text of a file that is worth a look; None for code, models and what is no text."""
    if any(part in f"/{path}" for part in _HIDDEN):
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None
