"""The run store: every run with its provenance."""

from data.store._selecting import RunFilter
from data.store.run import Run, RunStatus, reproduce
from data.store.store import RunStore

__all__ = ["Run", "RunFilter", "RunStatus", "RunStore", "reproduce"]
