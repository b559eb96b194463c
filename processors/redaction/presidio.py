"""Presidio beside our detectors, in a thread with a time limit, for names and places.

Needs the extra `presidio` and a spaCy model of your own choosing; about 1 ms a call and 300 MB on
disk, so it is off unless an analyzer is given to a `PIIRedactor`.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from antiphon.processors.redaction.core.entities import ENTITY_TYPES, Entity

__all__ = ["PresidioBackend", "second_opinion"]

RENAMED = {
    "LOCATION": "STREET_ADDRESS",
    "US_DRIVER_LICENSE": "DRIVER_LICENSE",
    "US_PASSPORT": "PASSPORT",
    "UK_NHS": "HEALTH_NUMBER",
    "MEDICAL_LICENSE": "HEALTH_NUMBER",
    "US_BANK_NUMBER": "BANK_ACCOUNT",
}


class PresidioBackend:
    """What Presidio finds, under our names of types.

    Set the analyzer up before the call: loading takes seconds, and its e-mail recogniser fetches
    suffix lists over the network unless `tldextract` is told not to.

    Args:
        analyzer: A `presidio_analyzer.AnalyzerEngine`.
        threshold: The least score that counts.
        timeout_s: Seconds to wait; past them the text is redacted closed.
        language: The language code given to Presidio.
    """

    def __init__(
        self,
        analyzer: Any,
        *,
        threshold: float = 0.4,
        timeout_s: float = 0.1,
        language: str = "en",
    ) -> None:
        self._analyzer = analyzer
        self._threshold = threshold
        self._timeout_s = timeout_s
        self._language = language
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="presidio")

    async def find(self, text: str) -> list[Entity]:
        """Look for personal data, off the event loop.

        Raises:
            TimeoutError: If it takes too long.
        """
        loop = asyncio.get_running_loop()
        found = await asyncio.wait_for(
            loop.run_in_executor(self._thread, self._analyze, text), self._timeout_s
        )
        # Half the score: ours knows the conversation, so its type wins where both have one.
        return [
            Entity(r.start, r.end, kind, r.score / 2, "presidio", text[r.start : r.end])
            for r in found
            if (kind := RENAMED.get(r.entity_type, r.entity_type)) in ENTITY_TYPES
        ]

    def close(self) -> None:
        """Let the thread go."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _analyze(self, text: str) -> list[Any]:
        return list(
            self._analyzer.analyze(
                text=text, language=self._language, score_threshold=self._threshold
            )
        )


async def second_opinion(backend: PresidioBackend | None, text: str) -> list[Entity] | None:
    """What Presidio finds, if it is asked; None if that failed."""
    if backend is None:
        return []
    try:
        return await backend.find(text)
    except Exception:
        return None
