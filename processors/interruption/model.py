"""A small linear text model: how likely it is that a caller's words mean to take the turn.

Pure Python: at most some sixty looked-up weights are added up, so that a decision costs
microseconds and needs no runtime. `benchmarks/interruption/train.py` makes the weights.
"""

import json
import math
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib import resources

from antiphon.processors.interruption.lexicon import PhraseKind, PhraseSpan, normalize

__all__ = ["LinearModel", "features", "turn_model"]

_MAX_SPANS = 10
_AGENT_CHARS = 240
_YIELDING = (PhraseKind.BACK, PhraseKind.ASSESS, PhraseKind.FILLER, PhraseKind.SOFT)


def features(spans: Sequence[PhraseSpan], agent_text: str) -> list[str]:
    """Return the names of the features that hold for what was said.

    Kinds of words carry over to callers and topics the model was not trained on; the words
    themselves refine them.

    Args:
        spans: What the caller said, cut by a `Lexicon`.
        agent_text: What the agent is saying; only its last words are looked at.
    """
    content = [span.text for span in spans if span.kind is PhraseKind.CONTENT]
    words = sum(span.size for span in spans)
    found = [
        f"n={min(int(words), 8)}",
        f"x={min(len(content), 5)}",
        f"nx={min(int(words), 6)},{min(len(content), 3)}",
    ]
    if all(span.kind in _YIELDING for span in spans):
        found.append("soft")
    if content:
        heard = _agent_words(agent_text[-_AGENT_CHARS:])
        share = sum(word in heard for word in content) / len(content)
        found.append(f"echo={int(share * 2)},{min(int(words), 4)}")
        if content[-1][-1] == "-":
            found.append("cut")
    spans = spans[:_MAX_SPANS]
    kinds = [span.kind.value for span in spans]
    shape = "".join(kinds)
    found.append(f"first={kinds[0]}")
    found.append(f"last={kinds[-1]}")
    found.append(f"shape={shape[:4]}{'+' if len(shape) > 4 else ''}")
    found.append(f"open={shape[:2]}")
    found.append(f"close={shape[-2:]}")
    found.extend({f"k={kind}" for kind in kinds})
    before = "^"
    for index, span in enumerate(spans):
        found.append(f"w={span.text}")
        found.append(f"b={before} {span.text}")
        if index < 2:
            found.append(f"w{index}={span.text}")
        before = span.text
    found.append(f"b={before} $")
    return found


# One utterance is judged many times over the same words of the agent.
@lru_cache(maxsize=64)
def _agent_words(text: str) -> frozenset[str]:
    return frozenset(normalize(text))


class LinearModel:
    """Weights by feature name, one set while the caller still speaks and one for the end."""

    def __init__(self, early: Mapping[str, float], final: Mapping[str, float]) -> None:
        """Keep the weights.

        Args:
            early: For the beginning of an utterance. The bias is under the empty name.
            final: For a whole utterance, likewise.
        """
        self._early = early
        self._final = final

    def probability(self, found: Sequence[str], *, is_final: bool) -> float:
        """Return the probability, 0 to 1, that the utterance is an interruption.

        Args:
            found: What `features` returned.
            is_final: Whether the utterance is complete.
        """
        weights = self._final if is_final else self._early
        score = weights.get("", 0.0)
        for name in found:
            score += weights.get(name, 0.0)
        return 1 / (1 + math.exp(min(-score, 700.0)))


@cache
def turn_model() -> LinearModel:
    """Return the model that comes with the package (English), loaded once per process."""
    text = (
        resources.files("antiphon.processors.interruption")
        .joinpath("weights.json")
        .read_text(encoding="utf-8")
    )
    data = json.loads(text)
    return LinearModel(early=data["early"], final=data["final"])
