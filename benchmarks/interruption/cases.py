"""Reading the case files, and playing one caller's utterance to a decider as a call would."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from antiphon.processors.interruption.decision import Utterance

TICK_MS = 100
STT_LAG_MS = 300
FINAL_LAG_MS = 500


@dataclass(frozen=True)
class Case:
    """One utterance over a speaking agent, and what should have been done about it."""

    corpus: str
    conversation: str
    agent_text: str
    agent_asked: bool
    words: tuple[str, ...]
    word_end_ms: tuple[int, ...]
    interrupt: bool
    category: str


def read(paths: list[Path]) -> list[Case]:
    return [
        Case(
            corpus=item["corpus"],
            conversation=item.get("conv") or item["agent_text"],
            agent_text=item["agent_text"],
            agent_asked=item["agent_asked"],
            words=tuple(item["words"]),
            word_end_ms=tuple(item["word_end_ms"]),
            interrupt=item["label"] == "interrupt",
            category=item["category"],
        )
        for path in paths
        for line in path.read_text(encoding="utf-8").splitlines()
        for item in [json.loads(line)]
    ]


def views(case: Case) -> Iterator[Utterance]:
    """Yield what a decider sees, tick by tick, and the final transcript last."""
    end = case.word_end_ms[-1]
    for now in range(TICK_MS, end + 1, TICK_MS):
        said = sum(word_end + STT_LAG_MS <= now for word_end in case.word_end_ms)
        yield Utterance(
            agent_text=case.agent_text,
            agent_asked=case.agent_asked,
            words=case.words[:said],
            speech_secs=now / 1000,
            is_final=False,
        )
    yield Utterance(
        agent_text=case.agent_text,
        agent_asked=case.agent_asked,
        words=case.words,
        speech_secs=end / 1000,
        is_final=True,
    )
