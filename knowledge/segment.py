"""Text into the terms that the keyword index counts: words by jieba, and character bigrams.

Words carry meaning, bigrams forgive what a dictionary doesn't know and how a citizen shortens a
name (「办身份证」 and 「居民身份证申领」 share 身份, 份证). This is the only import of jieba.
"""

import hashlib
import logging
import re
import tempfile
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import jieba

_HAN = re.compile(r"[㐀-䶿一-鿿]+")
_LATIN = re.compile(r"[a-z0-9]+")
# Words that say nothing about the matter. Bigrams of them stay: their weight is low by themselves.
_SILENT = frozenset(
    re.findall(
        r"\S+",
        "的 了 呢 吗 吧 啊 呀 嘛 哦 我 你 您 他 她 它 我们 你们 他们 是 在 有 和 与 及 或 就 都 也 还 很 "
        "这 那 这个 那个 一个 请问 请 问 一下 可以 需要 想 要 怎么 什么 如何 哪些 哪里 哪 多少 多久 是否 "
        "能否 如果 因为 所以 但是 进行",
    )
)


def normalise(text: str) -> str:
    """Full-width forms folded and letters in lower case, so that equal words are equal strings."""
    return unicodedata.normalize("NFKC", text).lower()


def bigrams(text: str) -> list[str]:
    """Each pair of neighbouring Chinese characters, in order; a lone character is itself."""
    pairs: list[str] = []
    for run in _HAN.findall(normalise(text)):
        pairs.extend([run] if len(run) == 1 else (run[i : i + 2] for i in range(len(run) - 1)))
    return pairs


class Segmenter:
    """Cuts text into terms with jieba's dictionary and words of one's own.

    jieba keeps a compiled dictionary on disk, by default under a guessable name in the shared
    temporary folder, from which it unmarshals whatever lies there; so `cache_folder` must be a
    folder that only this service writes, and without one nothing is kept. The dictionary loads
    with the first text (about a second, a third of it from the cache).
    """

    def __init__(self, *, words: Iterable[str] = (), cache_folder: Path | None = None) -> None:
        self._tokenizer = jieba.Tokenizer()
        self._own_words = tuple(words)
        self._cache_folder = cache_folder
        self._loaded = False

    def is_word(self, text: str) -> bool:
        """Whether the dictionary holds `text` as a word."""
        self._load()
        return bool(self._tokenizer.FREQ.get(text, 0))

    @property
    def dictionary_digest(self) -> str:
        """Tells which words of one's own there are: an index built with others isn't the same."""
        return hashlib.sha256("\n".join(sorted(self._own_words)).encode()).hexdigest()[:16]

    def words(self, text: str) -> list[str]:
        """The words of `text` for search, long words also by their parts; silent words left out."""
        self._load()
        return [
            word
            for word in self._tokenizer.cut_for_search(normalise(text))
            if word not in _SILENT and (_HAN.match(word) or _LATIN.fullmatch(word))
        ]

    def terms(self, text: str) -> list[str]:
        """Everything the keyword index counts for `text`: its bigrams and its words.

        A word of two characters is among the bigrams too and so counts twice: being a word, it is
        worth more than a pair that merely stands side by side.
        """
        return bigrams(text) + self.words(text)

    def _load(self) -> None:
        if self._loaded:
            return
        jieba.setLogLevel(logging.WARNING)  # it logs to stderr at level DEBUG otherwise
        if self._cache_folder is None:
            with tempfile.TemporaryDirectory() as private:
                self._initialise(private)
        else:
            self._cache_folder.mkdir(parents=True, exist_ok=True)
            self._initialise(str(self._cache_folder))
        self._loaded = True

    def _initialise(self, cache_folder: str) -> None:
        self._tokenizer.tmp_dir = cache_folder
        self._tokenizer.initialize()
        for word in self._own_words:
            self._tokenizer.add_word(normalise(word))
