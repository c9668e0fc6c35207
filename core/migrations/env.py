"""Alembic runs this file for every command; `core.migrations` hands it the connection."""

from alembic import context

from core.stores.channel_tables import metadata  # of all tables: this module knows the others

# Inside the caller's transaction: all steps are applied, or none.
context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True
)
with context.begin_transaction():
    context.run_migrations()
