"""Logs of a server: one JSON object a line, with the call's id and the turn's, never speech.

Pipecat logs transcripts and prompts at DEBUG and quotes them in some warnings. So its messages are
shown from WARNING on, and without their text: by where they come from.
"""

import json
from typing import TYPE_CHECKING, Any, TextIO

from loguru import logger

if TYPE_CHECKING:
    from loguru import Message

__all__ = ["log_as_json"]


def log_as_json(stream: TextIO, *, level: str = "INFO") -> None:
    """Replace every sink of loguru by one that writes JSON lines.

    Args:
        stream: Where to.
        level: The lowest level that is shown; Pipecat's messages are shown from WARNING.
    """

    def write(message: "Message") -> None:
        stream.write(json.dumps(_line(message.record), default=str) + "\n")

    logger.remove()
    logger.add(write, level=level, filter=_is_shown)


def _is_shown(record: Any) -> bool:
    return not _is_pipecats(record) or record["level"].no >= logger.level("WARNING").no


def _is_pipecats(record: Any) -> bool:
    return (record["name"] or "").partition(".")[0] == "pipecat"


def _line(record: Any) -> dict[str, Any]:
    quotes = _is_pipecats(record)
    return {
        "time": record["time"].isoformat(timespec="milliseconds"),
        "level": record["level"].name,
        "message": "withheld: it may quote a caller" if quotes else record["message"],
        "where": f"{record['name']}:{record['function']}:{record['line']}",
        **record["extra"],
    }
