"""`bangban evaluate retrieval`: how well texts are found, on a corpus with known answers."""

import argparse
from pathlib import Path

from core.settings import Settings
from knowledge.evaluate import RetrievalPaths, run_evaluate_retrieval
from knowledge.segment import Segmenter
from server.cli.printing import say, say_json
from server.knowledge_part import make_embedder


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument(
        "--corpus", required=True, type=Path, metavar="C.jsonl", help="语料，每行 {id,text[,title]}"
    )
    parser.add_argument("--queries", required=True, type=Path, metavar="Q.jsonl", help="问题，每行 {id,text}")
    parser.add_argument(
        "--qrels", required=True, type=Path, metavar="R.tsv", help="标准答案，每行 问题编号<TAB>语料编号"
    )
    parser.add_argument("--json", action="store_true", help="输出 JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Prints the measures. Works in memory; the service's own data isn't touched."""
    paths = RetrievalPaths(arguments.corpus, arguments.queries, arguments.qrels)
    figures = run_evaluate_retrieval(paths, make_embedder(settings), Segmenter())
    if arguments.json:
        say_json(figures.as_json())
    else:
        say(figures.table())
    return 0
