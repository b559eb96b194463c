"""What a call says is redacted in every log; what the host says is left alone."""

import asyncio
import io
import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from loguru import logger
from loguru._handler import Handler
from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.frames.frames import (
    EndFrame,
    Frame,
    InputDTMFFrame,
    LLMTextFrame,
    TextFrame,
    TranscriptionFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner
from uvicorn.logging import AccessFormatter

from antiphon.core import call_scope
from antiphon.core.call_scope import CallScope
from antiphon.processors.redaction import PIIRedactor, RedactingFilter, guard_logs, scrub
from antiphon.processors.redaction.guards import log_text, logs
from antiphon.processors.redaction.guards.logs import logs_guarded

pytestmark = pytest.mark.usefixtures("no_guard")

SPOKEN = "it is four five three nine um double eight, jo at example dot com"
CARD = "4539 1488 0343 6467"
HOSTS = "HTTP 200 after 1234 ms on port 8080"


@pytest.fixture
def sink() -> Iterator[io.StringIO]:
    """A loguru sink that was there before the guard."""
    out = io.StringIO()
    number = logger.add(
        out, level="TRACE", diagnose=True, backtrace=True, format="{message} {extra}"
    )
    patcher = logger._core.patcher  # type: ignore[attr-defined]
    yield out
    logger.remove(number)
    logger._core.patcher = patcher  # type: ignore[attr-defined]


@pytest.fixture
def stdlib() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """A logger that does not propagate, with a handler that writes every field as JSON."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(JsonFormatter())
    log = logging.getLogger("shop.orders")
    log.addHandler(handler)
    log.propagate, level = False, log.level
    log.setLevel(logging.DEBUG)
    yield log, out
    log.removeHandler(handler)
    log.propagate = True
    log.setLevel(level)


class JsonFormatter(logging.Formatter):
    """Every field that a record has."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps({**vars(record), "message": super().format(record)}, default=repr)


@pytest.fixture
def in_call(monkeypatch: pytest.MonkeyPatch) -> Iterator[CallScope]:
    """A call that runs, though not in the context of the test."""
    scope = CallScope()
    thread = threading.Thread(target=scope.begin)
    thread.start()
    thread.join()
    yield scope
    scope.end()


def in_a_thread(say: Callable[[], object]) -> None:
    """As a vendor's native thread does it: no context variable comes along."""
    thread = threading.Thread(target=say)
    thread.start()
    thread.join()


def within(say: Callable[[], object]) -> None:
    """From within a call."""

    def call() -> None:
        scope = CallScope()
        scope.begin()
        try:
            say()
        finally:
            scope.end()

    in_a_thread(call)


def card_error() -> Exception:
    def fail(card: str) -> None:
        raise ValueError(f"cannot read {card}")

    try:
        fail(CARD)
    except ValueError as error:
        return error
    raise AssertionError


def test_no_sink_gets_a_number_an_address_or_a_key_of_a_call(sink: io.StringIO) -> None:
    guard_logs()

    def talk() -> None:
        logger.debug(f"Transcription: [{SPOKEN}]")
        logger.trace(TranscriptionFrame(text="card 4539 1488", user_id="", timestamp="t"))
        logger.trace(LLMTextFrame(" 45"))
        logger.trace(InputDTMFFrame(KeypadEntry.FOUR))
        logger.bind(said="4539 1488 0343").info("Calling function [pay:1] with {'card': '4539'}")

    within(talk)

    text = sink.getvalue()
    for secret in ("four five", "double eight", "4539", "1488", "45", "example", "tone: 4"):
        assert secret not in text
    assert "Transcription: [it is" in text


def test_the_hosts_own_line_stays_as_it_is_and_a_callers_number_is_masked_beside_it(
    sink: io.StringIO,
) -> None:
    guard_logs()
    logger.bind(port=8080, took={"ms": 1234}).info(HOSTS)
    within(lambda: logger.info(f"the caller said {CARD}"))

    hosts, calls = sink.getvalue().splitlines()
    assert hosts == f"{HOSTS} {{'port': 8080, 'took': {{'ms': 1234}}}}"
    assert calls.startswith("the caller said <REDACTED>")


def test_a_line_bound_to_a_call_is_guarded_and_its_ids_stay(sink: io.StringIO) -> None:
    guard_logs()
    with logger.contextualize(call_id="CA12345", turn_id=1234):
        logger.info(f"said {CARD}")
    logger.bind(conversation_id="c-98765").info(f"said {CARD}")

    assert CARD not in sink.getvalue()
    for kept in ("CA12345", "1234", "c-98765"):
        assert kept in sink.getvalue()


def test_pipecats_lines_are_guarded_though_no_call_is_known_to_run(sink: io.StringIO) -> None:
    guard_logs()
    pipecats = logger.patch(lambda record: record.update(name="pipecat.services.stt"))
    pipecats.debug(f"Transcription: [{CARD}]")
    assert "1488" not in sink.getvalue()


def test_a_native_thread_is_guarded_while_calls_run_and_a_minute_longer(
    sink: io.StringIO, in_call: CallScope, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard_logs()
    in_a_thread(lambda: logger.info(f"vendor heard {CARD}"))
    in_call.end()
    in_a_thread(lambda: logger.info(f"vendor is late with {CARD}"))
    assert CARD not in sink.getvalue()

    monkeypatch.setattr(call_scope, "_ended_at", time.monotonic() - 61)
    logger.info(HOSTS)
    assert HOSTS in sink.getvalue()


def test_what_the_host_names_as_its_own_is_left_alone_but_not_within_a_call(
    sink: io.StringIO, stdlib: Any, in_call: CallScope
) -> None:
    guard_logs(own=(__name__, "shop"))
    # As each further call does it.
    guard_logs()
    log, out = stdlib
    logger.info(HOSTS)
    log.info(HOSTS)
    assert HOSTS in sink.getvalue()
    assert HOSTS in out.getvalue()

    within(lambda: (logger.info(f"paid by {CARD}"), log.info("paid by %s", CARD)))
    assert "1488" not in sink.getvalue() + out.getvalue()

    named_alike = logging.getLogger("shopping")
    named_alike.addHandler(log.handlers[0])
    named_alike.warning("heard %s", CARD)
    named_alike.removeHandler(log.handlers[0])
    assert "1488" not in out.getvalue()


def test_antiphons_own_lines_keep_their_measures_in_a_call(sink: io.StringIO) -> None:
    guard_logs()
    ours = logger.patch(lambda record: record.update(name="antiphon.pipeline.server.calls"))
    measures = {"agent_utterances": 1234, "stages": [100, 200, 300]}

    def end() -> None:
        ours.bind(measures=measures, seconds=321.5, customer=CARD).info("lasted 3600 s")
        ours.opt(exception=card_error()).error("call failed")

    within(end)
    assert "lasted 3600 s" in sink.getvalue()
    assert "1234" in sink.getvalue()
    assert "[100, 200, 300]" in sink.getvalue()
    assert "321.5" in sink.getvalue()
    assert "1488" not in sink.getvalue()


class Customer:
    def __str__(self) -> str:
        return f"customer with {CARD}"


def vars_or_text(value: Any) -> Any:
    """As a JSON formatter shows what is no JSON."""
    return getattr(value, "__dict__", None) or repr(value)


class Quiet:
    """Says nothing as a text, and all to who looks closer."""

    def __init__(self) -> None:
        self.card = CARD

    def __str__(self) -> str:
        return "a customer"


class Shown(Quiet):
    __slots__ = ()

    def __init__(self) -> None:
        pass

    def __repr__(self) -> str:
        return f"Shown({CARD})"


@pytest.mark.parametrize(
    "payload",
    [
        CARD,
        Quiet(),
        Shown(),
        [Shown(), "and so on"],
        {"of": Quiet()},
        {"call_id": {"card": CARD}},
        4539148803436467,
        4539148803436467.0,
        [4, 5, 3, 9, 1, 4, 8, 8],
        ["four", "five", "three", "nine"],
        {"card": CARD},
        {"pay": [{"card": 4539148803436467}]},
        {CARD: "a key"},
        {"pay": {4539148803436467: 1}},
        ({"a": 1}, 4, 5, 3, 9, 1, 4, 8, 8),
        {4539148803436467},
        CARD.encode(),
        Customer(),
        card_error(),
    ],
    ids=lambda payload: f"a {type(payload).__name__}",
)
def test_a_bound_value_of_any_type_is_redacted(sink: io.StringIO, payload: Any) -> None:
    guard_logs()
    held: list[str] = []
    number = logger.add(
        lambda message: held.append(json.dumps(message.record["extra"], default=vars_or_text))
    )
    within(lambda: logger.bind(payload=payload).info("paid"))
    logger.remove(number)
    text = sink.getvalue() + "".join(held)
    assert "1488" not in text
    assert "4, 5, 3" not in text
    assert "four" not in text


def test_a_bound_value_with_nothing_to_hide_stays_itself_and_no_value_is_changed() -> None:
    guard_logs()
    kept: list[Any] = []
    number = logger.add(lambda message: kept.append(message.record["extra"]), level="INFO")
    payload = {"status": "paid", "tries": 2, "took": 0.25, "ok": True, "none": None}
    pay = {"cards": [CARD]}
    within(lambda: logger.bind(payload=payload, pay=pay).info("paid"))
    logger.remove(number)

    assert kept[0]["payload"] == payload
    assert pay == {"cards": [CARD]}


def test_nothing_that_the_host_configures_later_opens_the_guard(sink: io.StringIO) -> None:
    logger.configure(patcher=lambda record: record["extra"].update(first="kept"))
    guard_logs()

    def talk() -> None:
        logger.info("host's patcher")
        logger.configure(patcher=lambda record: record["extra"].update(second=CARD))
        logger.patch(lambda record: record.update(message=f"patched {CARD}")).info("a")
        logger.opt(raw=True, colors=True).info(f"<red>{CARD}</red>")

    within(talk)
    late = io.StringIO()
    number = logger.add(late, format="{message} {extra}", serialize=True)
    within(lambda: logger.info(f"a sink that came later: {CARD}"))
    logger.remove(number)

    assert "'first': 'kept'" in sink.getvalue()
    assert "'second': '<REDACTED>'" in sink.getvalue()
    assert "1488" not in sink.getvalue() + late.getvalue()
    assert logs_guarded()


def test_the_hosts_exceptions_stay_whole_and_a_calls_lose_words_and_variables(
    sink: io.StringIO,
) -> None:
    guard_logs()
    seen: list[Any] = []
    number = logger.add(lambda message: seen.append(message.record["exception"]), level="ERROR")
    error = card_error()
    logger.opt(exception=error).error("host failed")
    assert seen[0].value is error
    assert "cannot read 4539" in sink.getvalue()

    sink.truncate(0)
    within(lambda: logger.opt(exception=error).error("call failed"))
    logger.remove(number)
    assert seen[1] is None
    assert "ValueError: cannot read <REDACTED>" in sink.getvalue()
    assert "in fail" in sink.getvalue()
    assert "1488" not in sink.getvalue()


def test_what_an_error_came_of_and_what_it_groups_is_told_and_redacted(sink: io.StringIO) -> None:
    guard_logs()
    outer = ExceptionGroup("two", [card_error(), KeyError("x")])
    outer.add_note(f"while paying with {CARD}")
    outer.__cause__ = OSError(f"of {CARD}")
    within(lambda: logger.opt(exception=outer).error("failed"))
    for named in ("ExceptionGroup", "ValueError", "OSError", "KeyError"):
        assert named in sink.getvalue()
    assert "1488" not in sink.getvalue()


def test_every_logger_and_field_of_logging_is_guarded(stdlib: Any) -> None:
    guard_logs()
    log, out = stdlib

    def talk() -> None:
        log.info("said %s", CARD)
        log.info("paid", extra={"payload": {"cards": [CARD]}, "amount": 4539148803436467})
        log.info("paid %(card)s", {"card": CARD})
        log.info("stack", stack_info=True)
        log.error("failed", exc_info=card_error())
        log.error(card_error())

    within(talk)
    shown = [json.loads(line) for line in out.getvalue().splitlines()]
    assert len(shown) == 6
    assert "1488" not in out.getvalue()
    assert "4539148803436467" not in out.getvalue()
    assert "in talk" in shown[3]["stack_info"]
    assert "ValueError: cannot read <REDACTED>" in shown[4]["message"]


def test_a_field_that_a_filter_of_a_later_handler_adds_is_guarded(stdlib: Any) -> None:
    guard_logs()
    log, out = stdlib
    second = logging.StreamHandler(out)
    second.setFormatter(JsonFormatter())

    def add(record: logging.LogRecord) -> bool:
        record.caller = CARD
        return True

    second.addFilter(add)
    log.addHandler(second)
    within(lambda: log.info("said"))
    log.removeHandler(second)
    assert '"caller": "<REDACTED>"' in out.getvalue()
    assert "1488" not in out.getvalue()


def test_the_hosts_records_of_logging_are_untouched(stdlib: Any) -> None:
    guard_logs()
    log, out = stdlib
    log.info("HTTP %d after %d ms", 200, 1234, extra={"port": 8080})
    shown = json.loads(out.getvalue())
    assert (shown["message"], shown["port"]) == ("HTTP 200 after 1234 ms", 8080)
    assert shown["args"] == [200, 1234]


def test_uvicorns_access_log_can_be_formatted_while_calls_run(in_call: CallScope) -> None:
    guard_logs()
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(AccessFormatter("%(client_addr)s %(request_line)s %(status_code)s"))
    log = logging.getLogger("uvicorn.access")
    log.addHandler(handler)
    request = ("10.0.0.1:54321", "GET", f"/orders?card={CARD.replace(' ', '')}", "1.1", 200)
    log.warning('%s - "%s %s HTTP/%s" %d', *request)
    log.removeHandler(handler)
    assert "GET" in out.getvalue()
    assert "4539" not in out.getvalue()


def test_a_filter_added_by_hand_redacts_whatever_its_handler_gets(stdlib: Any) -> None:
    log, out = stdlib
    log.handlers[0].addFilter(RedactingFilter())
    log.warning("said %s", f"my card is {CARD}", extra={"cards": [CARD]})
    log.error("lost", exc_info=card_error())
    assert "said my card is <" in out.getvalue()
    assert "ValueError" in out.getvalue()
    assert "1488" not in out.getvalue()
    log.handlers[0].filters.clear()


def test_ten_thousand_calls_later_a_line_is_scrubbed_once(
    sink: io.StringIO, stdlib: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, _ = stdlib
    root_filters = [list(handler.filters) for handler in logging.getLogger().handlers]
    scrubbed: list[str] = []
    monkeypatch.setattr(
        log_text, "scrub", lambda text, *a: scrubbed.append(text) or scrub(text, *a)
    )
    for _ in range(10_000):
        guard_logs()
    other = logger.add(io.StringIO(), level="INFO")

    logger.info("the host's")
    log.info("the host's")
    assert scrubbed == []
    within(lambda: logger.info("one line"))
    within(lambda: log.info("another line"))
    assert scrubbed == ["one line", "another line"]
    assert [list(handler.filters) for handler in logging.getLogger().handlers] == root_filters
    logger.remove(other)


def test_what_one_line_can_cost_is_bounded_and_what_is_cut_does_not_show(
    sink: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard_logs()
    scrubbed: list[int] = []
    monkeypatch.setattr(
        log_text, "scrub", lambda text, *a: scrubbed.append(len(text)) or scrub(text, *a)
    )
    words = "word " * 10_000

    def talk() -> None:
        for start in range(1980, 2000):
            # The card is cut in two at some of these.
            logger.bind(a={str(n): [CARD] * 9 for n in range(999)}).info(
                f"{words[:start]} 45 39 14 88 {words}"
            )

    within(talk)
    assert sum(scrubbed) < 20 * (log_text.MAX_CHARS + 100)
    for pair in (" 45", " 39", " 14 ", " 88"):
        assert pair not in sink.getvalue()
    assert "<cut: " in sink.getvalue()


def test_a_line_that_cannot_be_redacted_is_withheld(
    sink: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard_logs()

    class Broken:
        def __str__(self) -> str:
            raise RuntimeError(CARD)

    within(lambda: logger.bind(call_id="c1", broken=Broken()).info(f"said {CARD}"))
    assert sink.getvalue().startswith("<log message withheld: RuntimeError")
    assert "c1" in sink.getvalue()


def test_the_guard_tells_the_truth_about_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not logs_guarded()
    guard_logs()
    assert logs_guarded()
    guarding = Handler.emit
    monkeypatch.setattr(Handler, "emit", guarding.__wrapped__)  # type: ignore[attr-defined]
    assert not logs_guarded()
    guard_logs()
    assert logs_guarded()


@pytest.mark.parametrize("own", ["shop", (1,)])
def test_what_is_no_sequence_of_names_is_refused(own: Any) -> None:
    with pytest.raises(ValueError, match=rf"own is {re.escape(repr(own))}.*own=\('shop',\)"):
        guard_logs(own=own)
    assert not logs._own


class Tool(FrameProcessor):
    """A part of the host that works for a call."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TextFrame):
            logger.info(f"asked with {CARD}")
        await self.push_frame(frame, direction)


async def test_in_a_pipeline_of_ones_own_a_redactor_says_that_a_call_runs(
    sink: io.StringIO,
) -> None:
    guard_logs(own=[__name__])
    worker = PipelineWorker(Pipeline([PIIRedactor(), Tool()]), enable_rtvi=False)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await worker.queue_frame(TextFrame("hello"))
    run = asyncio.create_task(runner.run())
    while "asked with" not in sink.getvalue():  # noqa: ASYNC110 - it is seen only in the log
        await asyncio.sleep(0.01)
    in_a_thread(lambda: logger.patch(lambda r: r.update(name="vendor")).info(f"heard {CARD}"))
    logger.info(HOSTS)
    await worker.queue_frame(EndFrame())
    await run

    assert "asked with <REDACTED>" in sink.getvalue()
    assert "1488" not in sink.getvalue()
    assert HOSTS in sink.getvalue()
