"""The table of runs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INDEXED = ("group_id", "status", "session")


def upgrade() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.String(20), primary_key=True),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("group_id", sa.Text, nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("scenario", sa.Text, nullable=False),
        sa.Column("scenario_name", sa.String(64), nullable=False),
        sa.Column("candidate", sa.String(64), nullable=False),
        sa.Column("repetition", sa.Integer, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("problems", sa.JSON, nullable=False),
        sa.Column("summary", sa.JSON, nullable=False),
        sa.Column("trace_file", sa.Text, nullable=False),
        sa.Column("trace_hash", sa.String(64), nullable=False),
        sa.Column("software", sa.JSON, nullable=False),
        sa.Column("machine", sa.JSON, nullable=False),
        sa.Column("session", sa.Text, nullable=False),
        sa.Column("shared", sa.Boolean, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("ended_at", sa.String(32), nullable=False),
        sa.Column("deleted_at", sa.String(32), nullable=False),
        sa.Column("alive_until", sa.String(32), nullable=False),
    )
    for column in INDEXED:
        op.create_index(f"ix_runs_{column}", "runs", [column])


def downgrade() -> None:
    op.drop_table("runs")
