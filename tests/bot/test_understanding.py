"""The classifier's arithmetic and the choice of a route, without Rasa."""

import pytest

from bot.rasa_ext.linear_model import Example, LinearModel, Lookups, marks, normalise, train
from bot.rasa_ext.routing import Route, Routing

LOOKUPS = Lookups(terms={"fire": ["着火", "起火", "冒烟"]}, patterns={"wanted": ["要.{0,2}人"]})
SAYINGS = {
    "ask_fee": ["多少钱", "要钱吗", "收费吗", "花多少钱", "要交钱吗", "收钱不", "办证多少钱", "费用多少"],
    "ask_location": ["在哪办", "去哪办", "上哪办", "地址在哪", "去哪个窗口", "在哪呀", "哪里办", "去哪里"],
    "emergency": ["着火了", "家里着火", "厨房着火了", "楼下着火", "着火了快来", "着火啦", "店着火", "车着火"],
}


@pytest.fixture(scope="module")
def model():
    examples = [Example(text, list(text), intent) for intent, texts in SAYINGS.items() for text in texts]
    return train(examples, LOOKUPS, strength=1.0)


class TestNormalising:
    def test_forms_case_spaces_and_punctuation_make_no_difference(self):
        assert normalise("  ＡＰＰ 能办吗。。。 ") == normalise("app能办吗")

    def test_any_number_is_one_number(self):
        assert normalise("满16岁") == normalise("满２０岁")

    def test_a_character_typed_many_times_counts_twice(self):
        assert normalise("急急急急急") == "急急"

    @pytest.mark.parametrize("text", ["", "   ", "。。。", "😀"])
    def test_nothing_readable_is_no_error(self, text):
        assert list(marks(text, [], LOOKUPS)) is not None


class TestModel:
    def test_it_knows_what_it_was_taught(self, model):
        for intent, texts in SAYINGS.items():
            for text in texts:
                assert model.confidences(text, list(text))[0][0] == intent

    def test_a_lookup_table_stands_for_words_that_training_never_saw(self, model):
        assert model.confidences("仓库冒烟", list("仓库冒烟"))[0][0] == "emergency"

    def test_confidences_add_up_to_one_and_fall(self, model):
        confidences = [c for _, c in model.confidences("多少钱", list("多少钱"))]

        assert sum(confidences) == pytest.approx(1.0)
        assert confidences == sorted(confidences, reverse=True)

    @pytest.mark.parametrize("text", ["", "？", "xyz", "😀"])
    def test_a_text_without_a_known_mark_has_no_sure_intent(self, model, text):
        assert model.confidences(text, [])[0][1] < 0.9

    def test_a_stored_model_says_the_same(self, model, tmp_path):
        model.save(tmp_path)
        loaded = LinearModel.load(tmp_path)

        for text in ("多少钱", "店里起火了", "要个人"):
            stored, original = loaded.confidences(text, list(text)), model.confidences(text, list(text))
            assert [name for name, _ in stored] == [name for name, _ in original]
            assert [c for _, c in stored] == pytest.approx([c for _, c in original], abs=1e-4)

    def test_the_same_sentences_make_the_same_model(self, model):
        examples = [Example(text, list(text), intent) for intent, texts in SAYINGS.items() for text in texts]

        again = train(examples, LOOKUPS, strength=1.0)

        assert again.confidences("多少钱", list("多少钱")) == model.confidences("多少钱", list("多少钱"))


class TestRouting:
    routing = Routing(
        (Route(("ask_fee", "ask_time")), Route(("emergency", "self_harm"), weight=2.0)), doubt_below=0.4
    )

    def test_intents_of_one_route_are_taken_together(self):
        ranking = [("chitchat", 0.42), ("ask_fee", 0.30), ("ask_time", 0.28)]

        assert self.routing.choose(ranking) == "ask_fee"

    def test_danger_counts_double(self):
        ranking = [("complain", 0.5), ("self_harm", 0.2), ("emergency", 0.15), ("chitchat", 0.15)]

        assert self.routing.choose(ranking) == "self_harm"

    def test_without_a_sure_route_nothing_is_chosen(self):
        ranking = [("chitchat", 0.35), ("greet", 0.33), ("thank", 0.32)]

        assert self.routing.choose(ranking) is None

    def test_without_routes_the_surest_intent_is_chosen(self):
        assert Routing().choose([("greet", 0.2), ("thank", 0.1)]) == "greet"

    def test_the_configuration_is_read(self):
        routing = Routing.from_config({"danger": {"intents": ["emergency"], "weight": 3}}, 0.5)

        assert routing == Routing((Route(("emergency",), 3.0),), 0.5)
