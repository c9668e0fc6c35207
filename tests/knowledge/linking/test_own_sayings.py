"""A city's own sayings: what they add to the shipped lexicon, and what is refused with its place."""

import json
import shutil

import numpy as np
import pytest

from core.errors import ConfigurationError
from core.settings import Settings
from knowledge.lexicon_files import FOLDER, Lexicons
from knowledge.own_sayings import extend
from knowledge.topic_training import train_topic_model
from knowledge.topics import OpenSaying, Topic, topics_by_name
from server.knowledge_part import make_lexicons

OTHER_SAYS = [file for file in (FOLDER / "says").iterdir() if file.stem != "residence-permit"]

LOST = Topic("card-lost", ("身份证补领",), ("补身份证",), ("身份证丢了",))
EXPIRED = Topic("card-expired", ("主项|身份证换领",), (), ("身份证到期了",))
OPEN = OpenSaying("身份证", ("card-lost", "card-expired"))


def extended(*rows):
    """The small lexicon with these rows of a city's file."""
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    return extend([LOST, EXPIRED], [OPEN], {"本地.jsonl": lines})


def refusal(*rows) -> str:
    with pytest.raises(ConfigurationError) as refused:
        extended(*rows)
    return str(refused.value)


class TestAdding:
    def test_sayings_of_a_known_matter_join_those_that_shipped(self):
        lexicon = extended({"topic": "card-lost", "aliases": ["小卡"], "says": ["小卡没了", "身份证丢了"]})

        lost, expired = lexicon.topics
        assert lost == Topic("card-lost", ("身份证补领",), ("补身份证", "小卡"), ("身份证丢了", "小卡没了"))
        assert expired == EXPIRED

    def test_a_matter_of_the_citys_own_stands_beside_them(self):
        lexicon = extended({"topic": "fishing", "names": ["垂钓证办理"], "says": ["办个钓鱼证"]})

        assert lexicon.topics[2] == Topic("fishing", ("垂钓证办理",), (), ("办个钓鱼证",))

    def test_two_lines_about_one_matter_add_up(self):
        lexicon = extended(
            {"topic": "fishing", "names": ["垂钓证办理"]}, "", {"topic": "fishing", "says": ["办个钓鱼证"]}
        )

        assert lexicon.topics[2].says == ("办个钓鱼证",)

    def test_another_official_name_leads_to_the_known_matter(self):
        lexicon = extended({"topic": "card-lost", "names": ["居民身份证挂失补领"]})

        table = topics_by_name(lexicon.topics)
        assert table["身份证挂失补领"] == table["身份证补领"] == "card-lost"

    def test_what_leaves_the_matter_open_may_name_known_and_own_ones(self):
        lexicon = extended(
            {"topics": ["card-lost", "fishing"], "says": ["小卡的事"]},
            {"topic": "fishing", "names": ["垂钓证办理"]},
        )

        assert lexicon.open_sayings == (OPEN, OpenSaying("小卡的事", ("card-lost", "fishing")))

    def test_without_own_sayings_the_lexicon_is_as_shipped(self):
        assert extended().topics == (LOST, EXPIRED)


class TestRefusals:
    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ("{", "JSON"),
            ("[]", "JSON"),
            ({"says": ["甲"]}, "topic"),
            ({"topic": "card-lost", "say": ["甲"]}, "topic、names"),
            ({"topics": ["card-lost"]}, "topics、says"),
            ({"topic": 1}, "topic 要是文字"),
            ({"topic": "card-lost", "says": "身份证"}, "says 要是一组文字"),
            ({"topic": "card-lost", "says": [" "]}, "says 要是一组文字"),
            ({"topic": "card-lots", "says": ["甲"]}, "没有“card-lots”，新的事项要写 names"),
            ({"topics": ["card-lots"], "says": ["甲"]}, "没有“card-lots”"),
            ({"topic": "fishing", "names": ["居民身份证补领"]}, "已经是“card-lost”的名称"),
        ],
    )
    def test_a_line_that_cannot_be_used_is_named_by_file_number_and_reason(self, row, reason):
        said = refusal({"topic": "card-lost", "says": ["小卡没了"]}, row)

        assert said.startswith("本地.jsonl 第 2 行：")
        assert reason in said


class TestFolder:
    def load(self, folder):
        return make_lexicons(Settings.load({"lexicon": str(folder)}), Words())

    def test_every_file_of_the_folder_is_read_with_or_without_a_byte_order_mark(self, tmp_path):
        (tmp_path / "a.jsonl").write_text('{"topic": "fishing", "names": ["垂钓证办理"]}', "utf-8-sig")
        (tmp_path / "b.jsonl").write_text('{"topic": "fishing", "says": ["办个钓鱼证"]}', "utf-8")
        (tmp_path / "notes.txt").write_text("not this")

        (fishing,) = (topic for topic in self.load(tmp_path).topics if topic.topic == "fishing")
        assert fishing.says == ("办个钓鱼证",)

    def test_without_the_setting_there_are_the_shipped_ones_alone(self):
        shipped = Lexicons(is_word=bool, folder=FOLDER)

        assert make_lexicons(Settings.load({"lexicon": ""}), Words()).topics == shipped.topics

    def test_a_folder_that_is_not_there_is_said(self, tmp_path):
        with pytest.raises(ConfigurationError, match="lexicon"):
            _ = self.load(tmp_path / "missing").topics

    def test_a_file_that_is_no_text_is_said(self, tmp_path):
        (tmp_path / "a.jsonl").write_bytes("说法".encode("gbk"))

        with pytest.raises(ConfigurationError, match=r"a\.jsonl：不是 UTF-8"):
            _ = self.load(tmp_path).topics


class Words:
    """A segmenter that knows no word."""

    def is_word(self, word):
        return False


@pytest.mark.slow
def test_a_citys_own_word_is_understood_after_training(embedder, tmp_path):
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    shutil.copytree(FOLDER, shipped, ignore=lambda *_: {f.name for f in OTHER_SAYS} | {"open.jsonl"})
    (shipped / "open.jsonl").touch()
    own.mkdir()
    sayings = ["蓝皮皮丢了", "蓝皮皮没了咋补", "我那蓝皮皮找不着了", "补个蓝皮皮"]
    (own / "本地.jsonl").write_text(json.dumps({"topic": "residence-permit-lost", "says": sayings}), "utf-8")
    question = "蓝皮皮咋整"
    vector = np.asarray(embedder.embed_queries([question])[0], dtype=np.float32)

    def likely(own):
        model = train_topic_model(Lexicons(is_word=bool, folder=shipped, own=own), embedder)
        return model.probabilities(question, vector, {})["residence-permit-lost"]

    assert likely(None) < 0.5
    assert likely(own) > 0.5
