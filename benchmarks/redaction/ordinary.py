"""The ordinary call, in which nothing is to be hidden: what is hidden all the same.

A dialogue is a line of a `.jsonl` file, `{turns: [{role, text, slots?}]}`. A caller's turn in which
they give a name or an address, or name a public figure (by its slots), is left out. Told are the
caller turns and calls in which the record or the model loses something, the agent turns of which
the voice says other words than the model wrote, or a tag, and the words of the context that are not
those that were said.
"""

import json
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

from antiphon.processors.redaction import Policy, Redactor, Vault
from antiphon.processors.redaction.core.ear import Ear

__all__ = ["load", "ours", "table"]

# In Schema-Guided Dialogue's words.
GIVEN = frozenset({
    "account_name", "actors", "address", "address_of_location", "album", "artist", "cast",
    "contact_name", "dentist_name", "destination", "directed_by", "director", "doctor_name",
    "dropoff_location", "event_location", "movie_name", "pickup_location", "place_name",
    "recipient_account_name", "recipient_name", "song_name", "starring", "stylist_name",
    "therapist_name", "title", "to_address", "where_to",
})  # fmt: skip
Dialogue = list[dict]
# For each turn of a caller in a dialogue: is something in it hidden?
Hidden = list[list[bool]]
Spans = list[list[tuple[int, int, str]]]
Peer = Callable[[str, list[list[str]]], list[Spans] | None]


def load(folder: Path) -> list[Dialogue]:
    """The dialogues of a folder."""
    return [
        json.loads(line)["turns"]
        for file in sorted(folder.glob("*.jsonl"))
        for line in file.read_text("utf-8").splitlines()
    ]


def callers(dialogue: Dialogue) -> Iterator[tuple[bool, str]]:
    """Whether a caller's turn counts, and its text."""
    for turn in dialogue:
        if turn["role"] == "user":
            yield not GIVEN.intersection(turn.get("slots", ())), turn["text"]


def seen(dialogues: list[Dialogue], policy: Policy | None) -> Hidden:
    found = []
    for dialogue in dialogues:
        redactor = Redactor(policy)
        results = [redactor.redact(turn["text"], role=turn["role"]) for turn in dialogue]
        both = zip(dialogue, results, strict=True)
        found.append([bool(result.entities) for turn, result in both if turn["role"] == "user"])
    return found


def row(label: str, dialogues: list[Dialogue], hidden: Hidden) -> str:
    turns, calls = [], []
    for dialogue, marks in zip(dialogues, hidden, strict=True):
        counted = [m for m, (counts, _) in zip(marks, callers(dialogue), strict=True) if counts]
        turns += counted
        calls.append(any(counted))
    return f"{label:26}{statistics.fmean(turns):10.4f}{statistics.fmean(calls):10.3f}"


def ours(dialogues: list[Dialogue]) -> Iterator[str]:
    """The rows of what the record, the model and the ear lose."""
    yield row("antiphon, the record", dialogues, seen(dialogues, None))
    yield row("antiphon, the model", dialogues, seen(dialogues, Policy()))
    agent = changed = tags = words = moved = 0
    for dialogue in dialogues:
        policy, vault = Policy(), Vault()
        redactor, ear = Redactor(policy, vault=vault), Ear(policy, vault)
        for turn in dialogue:
            text = turn["text"]
            read = redactor.redact(text, role=turn["role"])
            if turn["role"] == "agent":
                said = ear.say(text)
                agent += 1
                changed += said != text
                tags += "<" in said
            else:
                words += len(text.split())
                moved += sum(len(text[e.start : e.end].split()) for e in read.entities)
    yield (
        f"agent turns: {agent}, said in other words {changed}, with a tag {tags}; "
        f"callers' words that the context lacks: {moved} of {words}"
    )


def table(dialogues: list[Dialogue], peers: list[str], peer: Peer) -> None:
    """Print what is hidden of ordinary calls, by antiphon and by others."""
    print(f"\n{f'{len(dialogues)} ordinary calls':26}{'turns':>10}{'calls':>10}")
    *rows, ear = ours(dialogues)
    print("\n".join(rows))
    talk = [[text for _, text in callers(dialogue)] for dialogue in dialogues]
    for name in peers:
        if (spans := peer(name, talk)) is not None:
            print(row(name, dialogues, [[bool(turn) for turn in call] for call in spans]))
    print(ear)
