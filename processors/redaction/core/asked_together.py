"""What an agent asks for in one breath: several things, some of them nobody's secret."""

from itertools import pairwise

from antiphon.processors.redaction.core.ask_model import Sentence
from antiphon.processors.redaction.core.entities import PLAIN
from antiphon.processors.redaction.core.view import View

__all__ = ["WEAK", "beside_plain", "listed"]

# A cue of these says little unless it is a question for them.
WEAK = frozenset({"PERSON", "STREET_ADDRESS", "BANK_ACCOUNT", "ZIP_CODE"})
# Tokens that may stand between two of them.
MOST_BETWEEN = 7
MOST_IN_A_LIST = 3


def beside_plain(view: View, sentence: Sentence) -> list[str]:
    """The types that are asked for beside a number that is nobody's secret, and "" for that."""
    words, cues = view.scan.words, sentence.cues
    both: list[str] = []
    for cue, after in pairwise(cues):
        between = words[cue.last : after.token][: MOST_BETWEEN + 1]
        if (PLAIN in (cue.type, after.type)) and cue.type != after.type:
            joined = not view.language.joins.isdisjoint(between)
            if joined and len(between) <= MOST_BETWEEN:
                both += [cue.type, after.type]
    return list(dict.fromkeys(both))


def listed(view: View, sentence: Sentence, asked: list[str]) -> list[str]:
    """The types named in one list with what is asked for: "card number, expiry and CVV"."""
    words, cues = view.scan.words, [cue for cue in sentence.cues if cue.type not in WEAK]
    joints = view.language.joins | {","}
    found = set(asked)
    for cue, after in [*pairwise(cues), *pairwise(reversed(cues))]:
        first, last = sorted((cue, after))
        between = words[first.last : last.token]
        if cue.type in found and len(between) <= MOST_IN_A_LIST and not joints.isdisjoint(between):
            found.add(after.type)
    return [cue.type for cue in cues if cue.type in found and cue.type]
