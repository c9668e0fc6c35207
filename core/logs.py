"""Structured logs without what citizens said.

Every line, ours or a library's, goes through the same processors: the fields that carry citizens'
words lose their value, and personal data is masked in all others, tracebacks included. Modules log
with `structlog.get_logger(__name__)`; what a request binds with `structlog.contextvars` (its
`request_id`) is on each of its lines.
"""

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from core.privacy import mask
from core.settings import Settings

# Fields that would carry a citizen's words or what was answered to them. Their length is kept,
# which is what one needs to know about a text when something goes wrong with it.
_WORDS = re.compile(
    "answer|body|choices|comment|messages|payload|query|question|said|statements|text|title|transcript|words"
)
# Made by us of hexadecimal digits and the like, where chance could make them look personal.
_OURS: Final = frozenset({"level", "logger", "request_id", "timestamp"})

# Libraries that say much or, at their lower levels, say it with the values of a statement.
_QUIET: Final = ("alembic", "asyncio", "sqlalchemy")


def configure_logs(settings: Settings, stream: TextIO | None = None) -> None:
    """Sends all logs of the process to `stream` (standard error), in the format and from the level set."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        drop_words,
        mask_personal_data,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(settings)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def drop_words(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Processor: what citizens said, and what they were told, is replaced by its length."""
    return {name: _length(value) if _WORDS.fullmatch(name) else value for name, value in event.items()}


def mask_personal_data(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Processor: personal data in any field, however deep, becomes a placeholder."""
    return {name: value if name in _OURS else _masked(value) for name, value in event.items()}


def _length(value: object) -> str:
    if isinstance(value, str):
        return f"<{len(value)} characters>"
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return f"<{len(value)} entries>"
    return "<dropped>"


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask(value).text
    if isinstance(value, Mapping):
        return {_masked(key): _masked(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return value if isinstance(value, logging.LogRecord) else mask(repr(value)).text


def _renderer(settings: Settings) -> Processor:
    if settings.log_format == "console":
        return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    return structlog.processors.JSONRenderer(ensure_ascii=False)
