"""The contract of a page."""

from abc import ABC, abstractmethod
from typing import ClassVar


class View(ABC):
    """One file in dashboard/views/ is one page; the file's name is its address."""

    title: ClassVar[str]
    """What the navigation and the browser's tab say."""
    order: ClassVar[int]
    """Its place in the navigation; the lowest is the page that opens first."""

    @abstractmethod
    def show(self) -> None:
        """Draw the page. Called anew on every interaction, so it must be quick and keep no state of its own."""
