"""Rasa's intent classifier of Bangban: jieba words, character runs, lookup tables, a linear model.

Why not Rasa's own `LogisticRegressionClassifier`: it hides the strength of regularisation (worth
three points of accuracy on held-out sentences), takes its features from separate featurisers
(three passes over every sentence), trains for a minute where this takes five seconds, and stores a
pickled estimator. Why not DIET: it needs TensorFlow, which costs 1 GB of memory and three times
the CPU for each message, for points that the lookup tables bring as well.

It also decides what is in doubt, by route instead of by intent (`bot.rasa_ext.routing`), so
Rasa's `FallbackClassifier` isn't needed after it.

Remove when Rasa's classifier exposes C and the measured accuracy is the same.
"""

# Rasa lives in another interpreter, so the type checker of this project can't see it.
# mypy: disable-error-code="misc,untyped-decorator"

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.constants import TOKENS_NAMES
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.rasa_ext.linear_model import Example, LinearModel, Lookups, train
from bot.rasa_ext.routing import Routing

RANKING_LENGTH = 5  # as many as a person reads in a trace; the rest only fattens the tracker


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class LinearIntentClassifier(GraphComponent, IntentClassifier):
    """Names the intent of a message; a tokenizer must stand before it in the pipeline."""

    @classmethod
    def required_components(cls) -> list[type[Any]]:
        """What must come earlier in the pipeline."""
        return [Tokenizer]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`C` is the inverse strength of regularisation; for the rest see `bot.rasa_ext.routing`."""
        return {"C": 1.0, "routes": {}, "doubt_below": 0.0}

    def __init__(
        self,
        config: dict[str, Any],
        storage: ModelStorage,
        resource: Resource,
        model: LinearModel | None = None,
    ) -> None:
        self._config = config
        self._storage = storage
        self._resource = resource
        self._model = model
        self._routing = Routing.from_config(config["routes"], float(config["doubt_below"]))

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> LinearIntentClassifier:
        """A classifier that has still to be trained."""
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> LinearIntentClassifier:
        """The classifier that `train` stored."""
        with model_storage.read_from(resource) as folder:
            return cls(config, model_storage, resource, LinearModel.load(folder))

    def train(self, training_data: TrainingData) -> Resource:
        """Fits the model to the NLU sentences and lookup tables, and stores it."""
        examples = [
            Example(message.get(TEXT), _words(message), message.get(INTENT))
            for message in training_data.intent_examples
            if message.get(TEXT)
        ]
        lookups = Lookups(
            terms={table["name"]: table["elements"] for table in training_data.lookup_tables},
            patterns={regex["name"]: [regex["pattern"]] for regex in training_data.regex_features},
        )
        self._model = train(examples, lookups, strength=float(self._config["C"]))
        with self._storage.write_to(self._resource) as folder:
            self._model.save(folder)
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Leaves the training data as they are: nothing after this needs its predictions."""
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets `intent` and `intent_ranking` of each message; the chosen intent stands first."""
        assert self._model is not None, "Rasa loads a trained component before it processes"
        for message in messages:
            confidences = self._model.confidences(message.get(TEXT) or "", _words(message))
            chosen = self._routing.choose(confidences) or DEFAULT_NLU_FALLBACK_INTENT_NAME
            named = dict(confidences)
            first = {"name": chosen, "confidence": named.pop(chosen, self._routing.doubt_below)}
            others = [{"name": intent, "confidence": confidence} for intent, confidence in named.items()]
            message.set("intent", first, add_to_output=True)
            message.set("intent_ranking", [first, *others][:RANKING_LENGTH], add_to_output=True)
        return messages


def _words(message: Message) -> list[str]:
    return [token.text for token in message.get(TOKENS_NAMES[TEXT]) or []]
