"""Finds what ended with an agent without reading what ended with everybody."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    is_closed = sa.text("state = 'closed'")
    op.create_index(
        "ended_with",
        "handovers",
        ["agent", "closed_at"],
        sqlite_where=is_closed,
        postgresql_where=is_closed,
    )
