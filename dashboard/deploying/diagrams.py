"""Where request, model and update travel in each strategy."""

from collections.abc import Mapping

import streamlit as st

from dashboard.deploying.diagram import WIDTH, Arrow, Box, Diagram, svg

_USER = Box(("Visitor",), 0, 0)

DIAGRAMS: Mapping[str, Diagram] = {
    "embedded": Diagram(
        {
            "user": _USER,
            "app": Box(("Application",), 1, 0, holds_model=True),
            "release": Box(("Next release", "with new model"), 1, 1),
        },
        (Arrow("user", "app", "request", back=True), Arrow("release", "app", "update")),
        "Embedded: the visitor's request reaches the application, which holds the model and answers by itself. "
        "A new model comes with the application's next release.",
    ),
    "api": Diagram(
        {
            "user": _USER,
            "app": Box(("Application",), 1, 0),
            "service": Box(("Service",), 1, 1, holds_model=True),
            "package": Box(("New package",), 0, 1),
        },
        (
            Arrow("user", "app", "request", back=True),
            Arrow("app", "service", "request", back=True),
            Arrow("package", "service", "update"),
        ),
        "API: the request goes from the visitor to the application and over HTTP to a service that holds the model; "
        "the answer comes back the same way. A new package is put into the service; the application stays as it is.",
    ),
    "streaming": Diagram(
        {
            "app": Box(("Application",), 0, 0),
            "broker": Box(("Broker", "keeps streams"), 1, 0),
            "consumer": Box(("Consumer",), 1, 1, holds_model=True),
            "package": Box(("New package", "is published"), 0, 1),
        },
        (
            Arrow("app", "broker", "request", back=True),
            Arrow("broker", "consumer", "request", back=True),
            Arrow("broker", "consumer", "model"),
            Arrow("package", "broker", "update"),
        ),
        "Streaming: requests go from the application into a stream at the broker, from where consumers, which hold the "
        "model, take them up; answers come back through another stream. A new package is published to the broker, and "
        "the model travels from there to every consumer as data.",
    ),
    "batch": Diagram(
        {
            "app": Box(("Application", "looks up"), 0, 0),
            "store": Box(("Files", "rows, answers"), 1, 0),
            "job": Box(("Job",), 1, 1, holds_model=True),
            "package": Box(("New package",), 0, 1),
        },
        (
            Arrow("app", "store", "request", back=True),
            Arrow("store", "job", "request", back=True),
            Arrow("package", "job", "update"),
        ),
        "Batch: requests are collected in files; a job, which holds the model, reads them and writes all answers, "
        "and the application looks them up. A new package is read by the next job.",
    ),
}
"""By strategy; one that is not here is told in words alone."""


def show_diagram(strategy: str) -> None:
    """Draw it in the page's theme; a narrow place shrinks it."""
    diagram = DIAGRAMS.get(strategy)
    if diagram is not None:
        st.image(svg(diagram, st.context.theme.type or "light"), alt=diagram.alt, width=WIDTH)
