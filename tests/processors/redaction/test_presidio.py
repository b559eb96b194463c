"""Presidio's findings join ours, off the event loop and within a time limit."""

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from antiphon.processors.redaction import PresidioBackend, Redactor


class Analyzer:
    """Finds a name where Presidio's analyzer would, after waiting to be let go."""

    def __init__(self, go: threading.Event) -> None:
        self.go = go
        self.threads: list[int] = []

    def analyze(self, *, text: str, language: str, score_threshold: float) -> list[Any]:
        self.threads.append(threading.get_ident())
        self.go.wait(5)
        at = text.index("Jo Doe")
        return [
            SimpleNamespace(start=at, end=at + 6, entity_type="PERSON", score=0.85),
            SimpleNamespace(start=0, end=4, entity_type="NRP", score=0.85),
        ]


TEXT = "tell Jo Doe that my card is 4539 1488 0343 6467"


async def test_what_presidio_finds_is_hidden_with_what_we_find() -> None:
    go = threading.Event()
    go.set()
    analyzer = Analyzer(go)
    backend = PresidioBackend(analyzer, timeout_s=5)

    also = await backend.find(TEXT)
    backend.close()

    assert Redactor().redact(TEXT, also=also).text == "tell <PERSON> that my card is <CREDIT_CARD>"
    assert analyzer.threads != [threading.get_ident()]


async def test_presidio_over_its_time_is_given_up_and_the_text_redacted_closed() -> None:
    go = threading.Event()
    backend = PresidioBackend(Analyzer(go), timeout_s=0)

    with pytest.raises(TimeoutError):
        await backend.find(TEXT)
    go.set()
    backend.close()
    await asyncio.sleep(0)

    result = Redactor().redact("room 4 1 7 please", also=None)
    assert result.text == "room <NUMBER> please"
    assert result.failed
