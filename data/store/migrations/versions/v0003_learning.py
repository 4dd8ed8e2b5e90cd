"""Who learns, in which class, and what they did."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INDEXED = {"learners": ["class_code"], "learner_browsers": ["learner"], "learning_events": ["learner", "lesson"]}


def upgrade() -> None:
    op.create_table(
        "learners",
        sa.Column("code", sa.String(16), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("class_code", sa.String(16), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
    )
    op.create_table(
        "learner_browsers",
        sa.Column("browser", sa.String(64), primary_key=True),
        sa.Column("learner", sa.String(16), nullable=False),
    )
    op.create_table(
        "classes",
        sa.Column("code", sa.String(16), primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
    )
    op.create_table(
        "learning_events",
        sa.Column("id", sa.String(20), primary_key=True),
        sa.Column("learner", sa.String(16), nullable=False),
        sa.Column("lesson", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
    )
    for table, columns in INDEXED.items():
        for column in columns:
            op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    for table in ("learning_events", "classes", "learner_browsers", "learners"):
        op.drop_table(table)
