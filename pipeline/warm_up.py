"""What the first call would otherwise wait for, loaded before it comes.

Models, tables and providers' modules are loaded where they are first used, which blocks the event
loop, and with it every call that is running, for up to 0.2 s.
"""

from collections.abc import Iterable

from pipecat.processors.frame_processor import FrameProcessor

from antiphon.processors.interruption.decision import InterruptionDecider, Utterance
from antiphon.processors.latency.core.prices import Prices
from antiphon.processors.redaction import PIIRedactor, Policy, Redactor
from antiphon.processors.sentences.scanner import SentenceScanner
from antiphon.services.smart_turn import SharedSmartTurnAnalyzer
from antiphon.services.vad.silero import SharedSileroVADAnalyzer

__all__ = ["load_models", "load_tables"]

# Something for every kind of detector to look at.
SAMPLE = "I am Ann Example, call 555 0100 or write to ann at example dot com, on the 3rd of May. "


async def load_models(services: Iterable[FrameProcessor] = ()) -> None:
    """Load the models of all calls and let each work once.

    Args:
        services: Of these, those that have a model of their own and a `warm_up` for it.
    """
    for service in services:
        if warm_up := getattr(service, "warm_up", None):
            await warm_up()
    for rate_hz in (8000, 16000):
        vad = SharedSileroVADAnalyzer()
        vad.set_sample_rate(rate_hz)
        await vad.analyze_audio(bytes(vad.num_frames_required() * 2))
    turn = SharedSmartTurnAnalyzer()
    turn.set_sample_rate(16000)
    turn.append_audio(bytes(32000), is_speech=True)
    await turn.analyze_end_of_turn()


def load_tables(redaction: Policy | None) -> None:
    """Load the words and patterns that texts are judged by.

    Args:
        redaction: The agent's policy.
    """
    if redaction is not None:
        Redactor(redaction).redact(SAMPLE)
        # Besides, how a value is said aloud.
        PIIRedactor(policy=redaction)
    SentenceScanner().feed(SAMPLE)
    InterruptionDecider().decide(Utterance(words=SAMPLE, agent_text=SAMPLE, is_final=True))
    Prices.load()
