"""Gives the database a name of its own, so that an index knows which database it was made from."""

import secrets

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WORDS = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    identity = op.create_table("identity", sa.Column("name", WORDS, primary_key=True))
    op.bulk_insert(identity, [{"name": secrets.token_hex(16)}])
