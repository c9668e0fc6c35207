"""What the keyword index counts for a text."""

import os
import stat

from knowledge.segment import Segmenter, bigrams, normalise


def test_bigrams_stop_at_what_is_no_chinese_character():
    assert bigrams("身份证，app补办") == ["身份", "份证", "补办"]


def test_a_lone_character_is_its_own_bigram():
    assert bigrams("办 app") == ["办"]


def test_full_width_letters_and_digits_are_folded():
    assert normalise("ＡＰＰ１２３４５") == "app12345"


def test_words_leave_out_what_says_nothing(segmenter):
    assert segmenter.words("请问我的身份证怎么补办") == ["身份", "身份证", "补办"]


def test_own_words_are_kept_whole(segmenter):
    assert "公租房" in segmenter.words("申请公租房")


def test_terms_are_the_bigrams_and_the_words(segmenter):
    assert sorted(segmenter.terms("身份证APP")) == ["app", "份证", "身份", "身份", "身份证"]


def test_the_compiled_dictionary_lies_only_in_the_folder_given(tmp_path, monkeypatch):
    shared = tmp_path / "shared"
    shared.mkdir()
    monkeypatch.setenv("TMPDIR", str(shared))
    monkeypatch.setattr("tempfile.tempdir", None)
    private = tmp_path / "private"
    Segmenter(cache_folder=private).words("身份证")
    assert os.listdir(shared) == []
    assert [name for name in os.listdir(private) if name.endswith(".cache")] == ["jieba.cache"]


def test_without_a_folder_nothing_is_left_on_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert Segmenter().words("身份证补办") == ["身份", "身份证", "补办"]
    assert not [path for path in tmp_path.iterdir() if stat.S_ISDIR(path.stat().st_mode)]
    assert list(tmp_path.iterdir()) == []
