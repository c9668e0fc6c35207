"""Finds what ended with an agent without reading what ended with everybody."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ended_with", "handovers", ["agent", "closed_at"])
