"""`bangban train linker`: the model that tells which matter a sentence is about."""

import argparse

from core.settings import Settings
from knowledge.topic_training import train_to_file
from server.cli.printing import say
from server.knowledge_part import make_embedder, make_lexicons, make_segmenter, topics_file


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the command's actions."""
    what = parser.add_subparsers(required=True, title="模型", metavar="模型")
    linker = what.add_parser(
        "linker", help="从词库训练事项识别模型", description="从词库训练事项识别模型；词库没变就不重新训练"
    )
    linker.add_argument("--force", action="store_true", help="词库没变也重新训练")
    linker.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Trains unless the model of these lexicons is there already. When that fails, the old one stays."""
    path = topics_file(settings)
    lexicons = make_lexicons(settings, make_segmenter(settings))
    say("正在训练，大约要两分钟……")
    trained = train_to_file(path, lexicons, make_embedder(settings), force=arguments.force)
    say(f"已写好 {path}。服务重新启动后生效" if trained else f"词库没有变化，沿用 {path}")
    return 0
