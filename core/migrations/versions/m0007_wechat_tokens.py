"""Adds what WeChat issues to an official account: access tokens and tickets."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

WORDS = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "wechat_tokens",
        sa.Column("account", WORDS, primary_key=True),
        sa.Column("kind", WORDS, primary_key=True),
        sa.Column("value", WORDS, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
