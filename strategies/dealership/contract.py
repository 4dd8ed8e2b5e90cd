"""What the dealership's components have in common: a document in, a document out, and others asked by name."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Literal, Protocol

from data.errors import DrydockError, InvalidValue

COMPONENTS = ("gateway", "customers", "features", "model", "ranking")
"""In the order in which a request meets them."""
DATASET = "car_choice"
"""Whose customers and cars it knows."""
Form = Literal["monolith", "microservices"]
FORMS: tuple[Form, ...] = ("monolith", "microservices")
FORM_OF_STRATEGY: Mapping[str, Form] = {"embedded": "monolith", "api": "microservices"}
"""Where the model is, tells the form: inside the one process, or in a service of its own that the gateway asks."""
Document = dict[str, Any]


class Unknown(DrydockError):
    """A component was asked about something that there is not; its text is for the customer."""


class Ask(Protocol):
    """How a component reaches another: within the process, or over the network."""

    async def __call__(self, component: str, document: Document) -> Document: ...


class Component(ABC):
    """One of the five; it knows nothing of where the others run."""

    @abstractmethod
    async def answer(self, document: Document) -> Document:
        """Its answer; raises `Unknown` for what it cannot find."""


def form_of(strategy: str, architecture: str) -> Form:
    """The form that a strategy and an architecture name together; `InvalidValue` where they name none."""
    form = FORM_OF_STRATEGY.get(strategy)
    if form is None:
        rule, remedy = "is no way in which the dealership is built here", f"choose {' or '.join(FORM_OF_STRATEGY)}"
        raise InvalidValue("strategy", strategy, f"{rule}: its model is embedded, or behind an API", remedy)
    if architecture != form:
        rule = f"is not the form in which the dealership is built with its model under {strategy}"
        raise InvalidValue("architecture", architecture, rule, f"choose {form}")
    return form
