"""The steps of the set-up, each with a stamp that says what it was done from."""
