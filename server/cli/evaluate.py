"""`bangban evaluate`: measures retrieval or answers."""

import argparse

from server.cli import evaluate_answers, evaluate_retrieval


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the kinds of evaluation."""
    kinds = parser.add_subparsers(required=True, title="评测内容", metavar="内容")
    answers = "用带标准答案的问题评测运行中的服务"
    evaluate_answers.configure(kinds.add_parser("answers", help=answers, description=answers))
    retrieval = "在一份语料上评测检索，不碰其他数据"
    evaluate_retrieval.configure(kinds.add_parser("retrieval", help=retrieval, description=retrieval))
