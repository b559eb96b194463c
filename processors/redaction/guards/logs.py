"""A guard for what a call says in the log, whoever says it; the host's own log stays as it is.

Pipecat logs transcripts, TTS text and tool arguments at DEBUG and every frame at TRACE, inside the
services, before any processor can act, and vendors' libraries log from threads of their own. A
record is guarded if it comes from within a call, names one (`call_id`, `conversation_id`) or is
Pipecat's; while calls run, so is every other that the host has not named as its own.
"""

import functools
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from antiphon.core.call_scope import calls_run, within_call
from antiphon.core.pipecat_internals import Part, require
from antiphon.processors.redaction.core.language import load_language
from antiphon.processors.redaction.guards.log_text import CALL_IDS, IDS, RecordText

if TYPE_CHECKING:
    from loguru import Record

__all__ = ["RedactingFilter", "guard_logs", "logs_guarded"]

# What antiphon's own lines carry. They quote nobody, so these stay, and their message; what else is
# in them was bound by the host, and an error is like any other.
OUR_FIELDS = frozenset(
    {"at", "error", "latency", "measures", "seconds", "transport", "where", "worker"}
)

_languages: tuple[str, ...] = ()
_own: tuple[str, ...] = ()
_guards: list[Callable[..., Any]] = []
_last = threading.local()


def guard_logs(language: str = "en", *, own: Iterable[str] = ()) -> None:
    """Redact what calls say in the logs of this process, in every sink and handler, for good.

    However often it is called there is one guard; languages and names add up. It covers loguru and
    `logging`, what is configured later included.

    Args:
        language: The language spoken in the calls.
        own: Modules (loguru) and loggers (`logging`) of the host, those below them included, such
            as `("shop", "uvicorn.access")`, whose lines are no call's unless they are logged
            from within one.

    Raises:
        ValueError: If there is no table for the language, or `own` is no sequence of names.
        UnknownInsideError: If it would guard nothing with the versions that are installed.
    """
    global _languages, _own
    require(Part.LOGS)
    if isinstance(own, str):
        raise ValueError(f"own is {own!r}; give a sequence of names: own=({own!r},)")
    own = tuple(own)
    if not all(isinstance(name, str) for name in own):
        raise ValueError(f"own is {own!r}; give names of modules and loggers: own=('shop',)")
    load_language(language)
    if language not in _languages:
        _languages = (*_languages, language)
    _own = tuple(dict.fromkeys([*_own, *(f"{name}." for name in own)]))
    for owner, name, guard in _points():
        if not _is_guarded(owner, name):
            setattr(owner, name, guard(getattr(owner, name)))


def logs_guarded() -> bool:
    """Whether the guard is in place at this moment."""
    return bool(_languages) and all(_is_guarded(owner, name) for owner, name, _ in _points())


class RedactingFilter(logging.Filter):
    """Redacts every `logging` record of a handler, a call's or not, where `guard_logs` is not used.

    Args:
        language: The language spoken in the calls.
    """

    def __init__(self, language: str = "en") -> None:
        super().__init__()
        self._languages = (language,)

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace what the record says; always keeps it."""
        _redact_logging(record, self._languages)
        return True


def _points() -> list[tuple[type, str, Callable[[Any], Any]]]:
    """Where every record passes last, and what guards it there.

    Neither library has a public seam behind what its users configure. A loguru patcher is replaced
    by the next one and followed by those of `logger.patch`; a filter of `logging` sees one handler,
    and a record factory neither `extra` nor what filters add.
    """
    from loguru._handler import Handler

    return [(Handler, "emit", _guarding_emit), (logging.Filterer, "filter", _guarding_filter)]


def _is_guarded(owner: type, name: str) -> bool:
    function = getattr(owner, name)
    # Another library may have wrapped ours.
    while function is not None:
        if any(function is guard for guard in _guards):
            return True
        function = getattr(function, "__wrapped__", None)
    return False


def _guarding_emit(emit: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(emit)
    def guarded(handler: Any, record: "Record", *args: Any, **kwargs: Any) -> None:
        if record["level"].no >= handler.levelno and _is_calls(record["name"], record["extra"]):
            _redact_loguru(record)
        emit(handler, record, *args, **kwargs)

    _guards.append(guarded)
    return guarded


def _guarding_filter(keep: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(keep)
    def guarded(filterer: logging.Filterer, record: logging.LogRecord) -> Any:
        kept = keep(filterer, record)
        # A handler's filters may add fields, so the guard comes after them; a logger's come before.
        if kept and isinstance(filterer, logging.Handler):
            # From Python 3.12 on a filter may put another record in place of this one.
            passed = kept if isinstance(kept, logging.LogRecord) else record
            if _is_calls(passed.name, vars(passed)):
                _redact_logging(passed, _languages)
        return kept

    _guards.append(guarded)
    return guarded


def _is_calls(name: str | None, fields: Mapping[str, Any]) -> bool:
    if within_call() or any(fields.get(key) for key in CALL_IDS):
        return True
    dotted = f"{name}."
    return dotted.startswith("pipecat.") or (calls_run() and not dotted.startswith(_own))


def _is_ours(name: str | None) -> bool:
    return f"{name}.".startswith("antiphon.")


def _redact_loguru(record: "Record") -> None:
    if getattr(_last, "loguru", None) is record:
        # Another handler has had it.
        return
    try:
        say = RecordText(_languages)
        ours = _is_ours(record["name"])
        message = record["message"] if ours else _untone(say.text(str(record["message"])))
        extra = say.fields(record["extra"], OUR_FIELDS if ours else frozenset())
        error = record["exception"]
        if error is not None and error.value is not None:
            message += "\n" + say.error(error.value, error.traceback)
    except Exception as failure:
        message = _withheld(failure)
        extra = {key: value for key, value in record["extra"].items() if key in IDS}
    record["message"], record["extra"], record["exception"] = message, extra, None
    _last.loguru = record


def _redact_logging(record: logging.LogRecord, languages: tuple[str, ...]) -> None:
    fields = vars(record)
    before = getattr(_last, "logging", None)
    if before and before[0] is record and _same(fields, before[1]):
        return
    try:
        _rewrite(record, RecordText(languages))
    except Exception as failure:
        record.msg, record.args = _withheld(failure), ()
        record.exc_info = record.exc_text = record.stack_info = None
        for key in fields.keys() - STANDARD - IDS:
            fields[key] = None
    _last.logging = (record, dict(fields))


# What every record has, and what a formatter leaves in it.
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"asctime", "message", "taskName"}
SAYING = ("msg", "args", "exc_info", "exc_text", "stack_info")


def _same(fields: dict[str, Any], before: dict[str, Any]) -> bool:
    """Whether no filter of another handler has changed a record since it was redacted."""
    return all(
        value is before.get(key)
        for key, value in fields.items()
        if key in SAYING or key not in STANDARD
    )


def _rewrite(record: logging.LogRecord, say: RecordText) -> None:
    fields = vars(record)
    ours = _is_ours(record.name)
    if not ours:
        if isinstance(record.msg, Mapping) and not record.args:
            # As structlog does it.
            record.msg = say.value(record.msg)
        else:
            said = record.getMessage()
            message = _untone(say.text(said))
            given = record.args if isinstance(record.args, tuple) else ()
            # A mapping may have more in it than the message shows.
            if message != said or not isinstance(record.args, tuple):
                record.msg, record.args = message, _Told(_argument(say, each) for each in given)
    if record.exc_info and record.exc_info[1]:
        record.exc_text = say.error(record.exc_info[1], record.exc_info[2])
    elif record.exc_text:
        record.exc_text = say.text(record.exc_text)
    record.exc_info = None
    if record.stack_info:
        # Without the lines of code between them.
        frames = [line for line in record.stack_info.splitlines() if line.startswith('  File "')]
        record.stack_info = "\n".join(["Stack (most recent call last):", *frames[-16:]])
    extra = {key: value for key, value in fields.items() if key not in STANDARD}
    for key in extra:
        del fields[key]
    fields.update(say.fields(extra, OUR_FIELDS if ours else frozenset()))


class _Told(tuple[Any, ...]):
    """Arguments that are in the message already: they count as none where it is formatted.

    They are kept for formatters that take them apart, such as uvicorn's for its access log.
    """

    def __bool__(self) -> bool:
        return False


def _argument(say: RecordText, value: Any) -> Any:
    """An argument of the type that its formatter expects."""
    shown = say.value(value)
    return 0 if isinstance(value, int | float) and isinstance(shown, str) else shown


def _withheld(failure: Exception) -> str:
    return f"<log message withheld: {type(failure).__name__} in the redaction guard>"


def _untone(text: str) -> str:
    """A pressed key is logged as "(tone: 4)", one a line."""
    parts = text.split("(tone: ")
    return "(tone: *".join([parts[0], *(p[1:] for p in parts[1:])])
