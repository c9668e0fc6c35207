"""`.venv-rasa/bin/python -m tests.bot.inside_rasa`: tries what runs in Rasa's process, in Rasa's process.

Rasa's environment holds nothing that Rasa doesn't need, pytest neither, so these tests are
unittest's. `tests/bot/test_rasa_checks.py` runs them.
"""

import unittest

from bot.rasa_ext import tensorflow_stand_in

if __name__ == "__main__":
    tensorflow_stand_in.install()  # before any of them imports Rasa
    names = ("check_stand_in", "check_patches", "check_tracker_store")
    unittest.main(module=None, argv=["inside_rasa", "-v", *(f"tests.bot.inside_rasa.{n}" for n in names)])
