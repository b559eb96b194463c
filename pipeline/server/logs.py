"""Logs of a server: one JSON object a line, with the call's id and the turn's, never speech.

Pipecat logs transcripts and prompts at DEBUG and quotes them in some warnings, and an error's text
may quote anything. So Pipecat's messages, and those of libraries that use `logging`, are shown from
WARNING on and without their text: by where they come from.
"""

import json
import logging
from typing import TYPE_CHECKING, Any, TextIO

from loguru import logger

if TYPE_CHECKING:
    from loguru import Message

__all__ = ["log_as_json"]

WITHHELD = "withheld: it may quote a caller"


def log_as_json(stream: TextIO, *, level: str = "INFO") -> None:
    """Replace every sink of loguru by one that writes JSON lines.

    Args:
        stream: Where to.
        level: The lowest level that is shown; Pipecat's messages and those of
            `logging` are shown from WARNING.
    """

    def write(message: "Message") -> None:
        stream.write(json.dumps(_line(message.record), default=str) + "\n")

    logger.remove()
    logger.add(write, level=level, filter=_is_shown)
    logging.basicConfig(handlers=[_ToLoguru()], level=logging.WARNING, force=True)


class _ToLoguru(logging.Handler):
    """Tells of what uvicorn and the libraries say through `logging`."""

    def emit(self, record: logging.LogRecord) -> None:
        source = {"name": record.name, "function": record.funcName, "line": record.lineno}
        extra = {}
        if record.exc_info and record.exc_info[0]:
            extra["error"] = record.exc_info[0].__name__
        told = logger.bind(**extra).patch(lambda ours: ours.update(source))  # type: ignore[typeddict-item]
        told.log(record.levelname, WITHHELD)


def _is_shown(record: Any) -> bool:
    return not _is_pipecats(record) or record["level"].no >= logger.level("WARNING").no


def _is_pipecats(record: Any) -> bool:
    return (record["name"] or "").partition(".")[0] == "pipecat"


def _line(record: Any) -> dict[str, Any]:
    return {
        "time": record["time"].isoformat(timespec="milliseconds"),
        "level": record["level"].name,
        "message": WITHHELD if _is_pipecats(record) else record["message"],
        "where": f"{record['name']}:{record['function']}:{record['line']}",
        **record["extra"],
    }
