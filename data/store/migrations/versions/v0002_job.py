"""Which job makes a run, so that the runs of a job that was killed can be ended."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("job", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("runs", "job")
