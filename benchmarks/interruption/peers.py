"""The rules of other frameworks, as models: each decides on the same views as ours.

They follow published source and documentation; none is the running product. Where a product takes
phrase lists from its user (vapi-like, soft/hard lists), the lists are ours.
"""

import re
from collections.abc import Callable

from antiphon.processors.interruption.decision import Utterance

__all__ = ["PEERS", "Peer"]

Peer = Callable[[Utterance], bool]

_EDGES = re.compile(r"^[^\w]+|[^\w]+$")


def _phrases(listed: str) -> frozenset[str]:
    return frozenset(listed.replace("\n", " ").split(" / "))


_SOFT = _phrases(
    "yeah / yes / yep / yup / uh-huh / mhm / mm-hmm / mm / mmm / hmm / hm / okay / ok / right / "
    "sure / oh / ah / um / uh / er"
)
_HARD = _phrases(
    "stop / wait / no / hold / cancel / hang / actually / sorry / what / quiet / pause"
)
# After vocode-core's streaming_conversation.py: its backchannel patterns, here as one.
_VOCODE = re.compile(
    r"(m+-?hm+|m+|oh+|ah+|um+|uh+|yes+|yeah+|ye[ps]|ok|okay|sure|right|really|good|i see|got it|"
    r"that makes sense|makes sense|i understand|i get it|cool|great|alright|thanks|thank you)"
    r"[.,!? ]*"
)
_ACKNOWLEDGE = _phrases(
    "i understand / i see / i got it / i hear you / im listening / im with you / right / okay / "
    "ok / sure / alright / got it / understood / yeah / yes / uh-huh / mm-hmm / gotcha / mhmm / "
    "ah / yeah okay / yeah sure"
)
_INTERRUPT = _phrases(
    "stop / shut / up / enough / quiet / silence / but / dont / not / no / hold / wait / cut / "
    "pause / nope / nah / nevermind / never / bad / actually"
)


def _words(view: Utterance) -> list[str]:
    return [_EDGES.sub("", word.lower()).replace("'", "") for word in view.words]


def _pipecat_default(view: Utterance) -> bool:
    return view.speech_secs >= 0.2 or bool(view.words)


def _min_words(count: int) -> Peer:
    return lambda view: len(view.words) >= count


def _livekit_vad(view: Utterance) -> bool:
    return view.is_final and bool(view.words)  # it pauses at 500 ms; any final makes it binding


def _vocode_low(view: Utterance) -> bool:
    words = _words(view)
    return len(words) > 3 and not _VOCODE.fullmatch(" ".join(words))


def _soft_hard(view: Utterance) -> bool:
    words = _words(view)
    return any(word in _HARD or word not in _SOFT for word in words)


def _soft_hard_asked(view: Utterance) -> bool:
    return (view.agent_asked and bool(view.words)) or _soft_hard(view)


def _vapi_like(view: Utterance) -> bool:
    words = _words(view)
    if " ".join(words) in _ACKNOWLEDGE:
        return False
    return len(words) >= 2 or any(word in _INTERRUPT for word in words)


PEERS: dict[str, Peer] = {
    "Pipecat default": _pipecat_default,
    "Pipecat MinWords(2)": _min_words(2),
    "Pipecat MinWords(3)": _min_words(3),
    "Pipecat MinWords(5)": _min_words(5),
    "LiveKit VAD": _livekit_vad,
    "LiveKit min_words=3": _min_words(3),
    "vocode low": _vocode_low,
    "list soft/hard": _soft_hard,
    "list + asked": _soft_hard_asked,
    "vapi-like": _vapi_like,
}
