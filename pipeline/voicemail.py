"""What an agent does when a voicemail box takes a call that it made."""

from collections.abc import Iterable

from loguru import logger
from pipecat.classifiers.llm.classifier import LLMClassifier
from pipecat.extensions.voicemail.voicemail_detector import VoicemailDetector
from pipecat.frames.frames import EndFrame, TTSSpeakFrame
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.llm_service import LLMService

__all__ = ["leave_message", "voicemail_detector"]


def voicemail_detector(llm: FrameProcessor) -> VoicemailDetector | None:
    """Make what tells a box from a person; None if the LLM cannot judge.

    Args:
        llm: Judges.
    """
    if isinstance(llm, LLMService):
        return VoicemailDetector(classifier=LLMClassifier(llm=llm))
    return None


def leave_message(
    worker: PipelineWorker, processors: Iterable[FrameProcessor], *, message: str
) -> None:
    """Have a box told something, and the call ended, should one be detected.

    Args:
        worker: The worker of the call.
        processors: Its processors; the detector, if any, is among them.
        message: What is said; empty to say nothing.
    """

    async def leave(detector: VoicemailDetector) -> None:
        logger.info("a voicemail box took the call")
        if message:
            # From the detector on: it lets nothing that is said pass any more.
            await detector.push_frame(TTSSpeakFrame(message))
        await worker.queue_frame(EndFrame())

    for processor in processors:
        if isinstance(processor, VoicemailDetector):
            processor.add_event_handler("on_voicemail_detected", leave)
