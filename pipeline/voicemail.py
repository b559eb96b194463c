"""What an agent does when a voicemail box takes a call that it made."""

from loguru import logger
from pipecat.classifiers.llm.classifier import LLMClassifier
from pipecat.extensions.voicemail.voicemail_detector import VoicemailDetector
from pipecat.frames.frames import EndFrame, TTSSpeakFrame
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.llm_service import LLMService

__all__ = ["voicemail_detector"]


def voicemail_detector(llm: FrameProcessor, *, message: str) -> VoicemailDetector | None:
    """Make what tells a box from a person, and leaves a message in a box; None if the LLM cannot.

    Args:
        llm: Judges.
        message: What a box is told before the call ends; empty to say nothing.
    """
    if not isinstance(llm, LLMService):
        return None
    voicemail = VoicemailDetector(classifier=LLMClassifier(llm=llm))

    async def leave(detector: VoicemailDetector) -> None:
        logger.info("a voicemail box took the call")
        if message:
            # From the detector on: it lets nothing that is said pass any more.
            await detector.push_frame(TTSSpeakFrame(message))
        await detector.pipeline_worker.queue_frame(EndFrame())

    voicemail.add_event_handler("on_voicemail_detected", leave)
    return voicemail
