"""Fixtures and settings that every test shares."""

from hypothesis import settings

# A slow machine must not fail a test, so no example has a deadline.
settings.register_profile("bangban", deadline=None)
settings.load_profile("bangban")
