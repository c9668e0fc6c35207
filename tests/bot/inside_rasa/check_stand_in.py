"""Rasa runs although TensorFlow isn't there."""

import importlib.util
import sys
import unittest
from pathlib import Path

import rasa.core.agent
import rasa.nlu.classifiers.diet_classifier

from bot.rasa_ext import tensorflow_stand_in


class StandIn(unittest.TestCase):
    def test_rasa_found_the_empty_tensorflow(self):
        assert rasa.core.agent is not None
        assert sys.modules["tensorflow"].__version__ == tensorflow_stand_in.VERSION
        assert type(sys.modules["tensorflow"]).__name__ == "_EmptyModule"

    def test_no_real_one_is_installed_that_it_would_hide(self):
        site = Path(rasa.core.agent.__file__).parents[2]
        assert [name for name in tensorflow_stand_in.PACKAGES if (site / name).exists()] == []

    def test_installing_it_again_changes_nothing(self):
        before = list(sys.meta_path)
        tensorflow_stand_in.install()
        assert sys.meta_path == before

    def test_other_libraries_that_are_missing_are_still_missing(self):
        assert importlib.util.find_spec("torch") is None
