import asyncio
import inspect
import logging
import os
import sys
from weakref import WeakSet

import pytest
from loguru import logger
from loguru._handler import Handler

from antiphon.core import call_scope
from antiphon.processors.redaction.guards import logs

# "embedded" is PocketSphinx and eSpeak here, and in what a test starts, though the extra `speech`
# is installed: most tests want any voice, and these load in a tenth of the time. What is about
# Whisper and hibari names them.
os.environ["ANTIPHON_EMBEDDED"] = "offline"


def pytest_configure() -> None:
    # On Python 3.11 to 3.13 looptime asks for the event loop of synchronous tests too, which makes
    # one that nobody closes. Once a loop was set, even none, asking for it makes nothing.
    asyncio.set_event_loop(None)
    # Lines that nobody reads would cost a call a third of its time; a test of them adds its sink.
    logger.remove()
    logger.add(sys.stderr, level="WARNING")


@pytest.fixture
def no_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process whose logs nobody guards, and in which no call runs; after the test as before."""
    for owner, name in ((Handler, "emit"), (logging.Filterer, "filter")):
        monkeypatch.setattr(owner, name, inspect.unwrap(getattr(owner, name)))
    monkeypatch.setattr(logs, "_languages", ())
    monkeypatch.setattr(logs, "_own", ())
    monkeypatch.setattr(call_scope, "_running", WeakSet())
    monkeypatch.setattr(call_scope, "_ended_at", float("-inf"))
