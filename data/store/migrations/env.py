"""What Alembic runs to migrate: the store hands it a connection inside a transaction, and commits it."""

from alembic import context
from sqlmodel import SQLModel

import data.store._learning_tables
import data.store._tables  # noqa: F401  (both fill the metadata)

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
)
context.run_migrations()
