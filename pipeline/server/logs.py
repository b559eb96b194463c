"""Logs of a server: one JSON object a line, with the call's id and the turn's, never speech.

Pipecat logs transcripts and prompts at DEBUG and quotes them in some warnings, and an error's text
may quote anything. So Pipecat's messages, and those of libraries that use `logging`, are shown from
WARNING on and without their text: by where they come from.
"""

import json
import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any, TextIO

from loguru import logger

from antiphon.pipeline.error_fields import error_fields
from antiphon.pipeline.server.process.log_writer import LogWriter

if TYPE_CHECKING:
    from loguru import Message

__all__ = ["log_as_json"]

WITHHELD = "withheld: it may quote a caller"


def log_as_json(stream: TextIO, *, level: str = "INFO") -> None:
    """Replace every sink of loguru by one that writes JSON lines, from a thread of its own.

    Args:
        stream: Where to.
        level: The lowest level that is shown; Pipecat's messages and those of
            `logging` are shown from WARNING.
    """
    logger.remove()
    logger.add(_JsonLines(stream), level=level, filter=_is_shown)
    logging.basicConfig(handlers=[_ToLoguru()], level=logging.WARNING, force=True)


class _JsonLines:
    """A sink of loguru, which stops it when it is removed and when the process exits."""

    def __init__(self, stream: TextIO) -> None:
        self._writer = LogWriter(stream, notice=_notice)

    def write(self, message: "Message") -> None:
        self._writer.write(_dumps(_line(message.record)))

    def stop(self) -> None:
        self._writer.close()


class _ToLoguru(logging.Handler):
    """Tells of what uvicorn and the libraries say through `logging`."""

    def handle(self, record: logging.LogRecord) -> bool:
        """Tell of a record past the log guard, which would scrub on the loop what is not told."""
        self.emit(record)
        return True

    def emit(self, record: logging.LogRecord) -> None:
        """Say where a record comes from, and of an error what it is and where it arose."""
        told = {"where": f"{record.name}:{record.funcName}:{record.lineno}"}
        if record.exc_info and record.exc_info[1]:
            told |= error_fields(record.exc_info[1], record.exc_info[2])
        # uvicorn says so that it cannot listen; no caller is there yet.
        is_startup = record.name == "uvicorn.error" and isinstance(record.msg, OSError)
        try:
            level: str | int = logger.level(record.levelname).name
        except ValueError:
            level = record.levelno
        logger.bind(**told).log(level, "{}", record.msg if is_startup else WITHHELD)


def _is_shown(record: Any) -> bool:
    return not _is_pipecats(record) or record["level"].no >= logger.level("WARNING").no


def _is_pipecats(record: Any) -> bool:
    return (record["name"] or "").partition(".")[0] == "pipecat"


def _line(record: Any) -> dict[str, Any]:
    error = record["exception"]
    return {
        "time": _time(record["time"]),
        "level": record["level"].name,
        "message": WITHHELD if _is_pipecats(record) else record["message"],
        "where": f"{record['name']}:{record['function']}:{record['line']}",
        **(error_fields(error.value, error.traceback) if error and error.value else {}),
        **record["extra"],
    }


def _notice(dropped: int) -> str:
    return _dumps(
        {
            "time": _time(datetime.now().astimezone()),
            "level": "WARNING",
            "message": f"{dropped} line(s) of this log were dropped: nobody read them in time",
            "where": __name__,
        }
    )


def _time(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds")


def _dumps(line: dict[str, Any]) -> str:
    try:
        return json.dumps(line, default=str) + "\n"
    except (TypeError, ValueError):
        # A key that JSON has no name for, or a value that holds itself.
        return json.dumps({key: str(value) for key, value in line.items()}) + "\n"
