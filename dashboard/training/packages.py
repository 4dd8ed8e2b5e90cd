"""The model packages on this machine: what each is, how good, and whether it answers as what was trained."""

import streamlit as st

from dashboard.parts.tables import plain, show_rows
from dashboard.training.report import NAMES, show_report
from data.estimates.text import digits
from strategies.packaging.package import ModelPackage
from strategies.packaging.shelf import delete_package, list_packages
from strategies.training.report import Report

_HEADLINE = ("top_1_hit_rate", "roc_auc", "accuracy", "rmse")


def label(package: ModelPackage) -> str:
    """A package in one line."""
    manifest = package.manifest
    return f"{manifest.name} · {manifest.algorithm} · {package.version}"


def package_list(packages: tuple[ModelPackage, ...]) -> None:
    """All packages, newest first."""
    if not packages:
        st.info("No model is packaged yet. Train one above, or upload one of your own.", icon=":material/inventory_2:")
        return
    show_rows(
        [
            {
                "version": package.version,
                "name": package.manifest.name,
                "algorithm": package.manifest.algorithm,
                "predicts": package.manifest.target,
                "served as": package.manifest.format,
                "score": headline(package),
            }
            for package in packages
        ],
        "version",
    )


def headline(package: ModelPackage) -> str:
    """The one score that says most about it."""
    metrics = package.manifest.metrics
    for name in _HEADLINE:
        if name in metrics:
            title = "Top-1 hit rate" if name == "top_1_hit_rate" else NAMES[name]
            return f"{title} {digits(metrics[name])}"
    return "not evaluated"


def show_package(package: ModelPackage) -> None:
    """Everything about one package."""
    manifest = package.manifest
    st.subheader(f"{plain(manifest.name)}, version {package.version}", anchor=False)
    st.markdown(
        f"{manifest.algorithm} for **{plain(manifest.target)}**, served as **{manifest.format}**. {_parity(package)}"
    )
    for note in manifest.notes:
        st.info(plain(note))
    report = Report.of(package)
    if report is None:
        st.caption("It was not trained here, so nothing is known of its quality.")
    else:
        show_report(report, package.version)
    with st.expander("What is in the package"):
        show_rows([{"file": name, "SHA-256": digest[:16] + "…"} for name, digest in manifest.files.items()], "file")
        st.json(manifest.to_dict(), expanded=1)
    with st.popover("Delete this package", icon=":material/delete:"):
        st.markdown("What has it loaded goes on serving it. Its files are removed and cannot be brought back.")
        if st.button("Delete it", key=f"delete-{package.version}"):
            delete_package(package.version)
            st.rerun()


def _parity(package: ModelPackage) -> str:
    parity = package.manifest.parity
    if parity is None:
        return "Parity with what was trained is not known."
    agree = f"{parity.label_agreement:.2%}".replace(".00%", "%")
    return (
        f"On {parity.rows:,} held-out rows it answers as the trained pipeline does: the answers differ by at most "
        f"{parity.max_abs_difference:.1e}, and {agree} of the predictions are the same."
    )


def packages() -> tuple[ModelPackage, ...]:
    return list_packages()
