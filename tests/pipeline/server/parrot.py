"""An agent without services, for servers that run in a process of their own too."""

from dataclasses import dataclass, field
from typing import Any

from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStoppedFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.transports.base_transport import BaseTransport

from antiphon.pipeline.server import IncomingCall
from antiphon.pipeline.worker import CallWorker
from antiphon.processors.latency import LatencyObserver

TONE = b"\x10\x20" * 320


class Parrot(FrameProcessor):
    """Answers each packet with a tone, and speaks a text as one packet of tone per word."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            await self.push_frame(tone(1))
        elif isinstance(frame, TTSSpeakFrame):
            await self.push_frame(tone(len(frame.text.split())))
            await self.push_frame(TTSStoppedFrame())
        else:
            await self.push_frame(frame, direction)


def tone(packets: int) -> TTSAudioRawFrame:
    return TTSAudioRawFrame(audio=TONE * packets, sample_rate=8000, num_channels=1)


@dataclass
class ParrotAgent:
    """An agent that needs no services; keeps the workers that it made."""

    crash: bool = False
    workers: list[CallWorker] = field(default_factory=list)
    called_out: list[bool] = field(default_factory=list)

    def worker(
        self, transport: BaseTransport, *, outbound: bool = False, **kwargs: Any
    ) -> CallWorker:
        self.called_out.append(outbound)
        if self.crash:
            raise RuntimeError("no agent today")
        worker = CallWorker(
            Pipeline([transport.input(), Parrot(), transport.output()]),
            enable_rtvi=False,
            params=PipelineParams(audio_in_sample_rate=8000),
            latency=LatencyObserver(call_id=kwargs["conversation_id"]),
            **kwargs,
        )

        async def leave(*_: Any) -> None:
            await worker.cancel()

        transport.add_event_handler("on_client_disconnected", leave)
        self.workers.append(worker)
        return worker


parrot = ParrotAgent()


crash = ParrotAgent(crash=True)


async def parrot_for_one(call: IncomingCall) -> ParrotAgent | None:
    return parrot if call.caller == "+49301234001" else None
