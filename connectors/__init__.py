"""TODO-OWNER: one-line promise."""
