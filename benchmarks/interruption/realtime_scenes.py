"""Callers who speak over a speech-to-speech model, on the emulator, in virtual time.

    python benchmarks/interruption/realtime_scenes.py [--scenes 52]

The scenes are those of `scenes.py`: the same replies, voices and callers. A composed agent plays
them, and beside it the pipeline of Pipecat's own example, in which the model finds the turns. The
voice is eSpeak's, whose word times are the truth; nobody tells them to the pipeline.

What a scene is judged by, besides what `scenes.py` does:
- share: the context holds as many words as the cut's share of the sound, by letters, one more or
  less: no more can be known where no word has a time;
- model: by its own record the model takes for said what sounded, to 100 ms.
"""

import argparse
import asyncio
import dataclasses
from typing import Any

import numpy as np
from loguru import logger
from pipecat.frames.frames import InterruptionFrame, LLMRunFrame
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregator,
)
from pipecat.services.openai.realtime.events import (
    AudioConfiguration,
    AudioInput,
    InputAudioTranscription,
    SessionProperties,
)
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.workers.runner import WorkerRunner
from scenes import RATE, Call, Scene, judge, make, microphone, sentences, speech

from antiphon.core.road import flattened
from antiphon.pipeline import TurnSettings, VoiceAgent
from antiphon.simulation.vendors.openai_realtime import OpenAIRealtimeServer
from antiphon.simulation.vendors.voices import Spoken, SpokenWord
from antiphon.simulation.virtual_time import run_virtual
from antiphon.transports.memory import MemoryTransport

SYSTEMS = ["ours", "Pipecat"]
MODEL_TOLERANCE_SECS = 0.1


class SceneVoice:
    """The voice of a scene, sentence by sentence, as `scenes.py` has it."""

    def __init__(self, voice: str) -> None:
        self._voice = voice

    async def speak(self, text: str, *, sample_rate_hz: int) -> Spoken:
        """Speak a text at a sample rate."""
        pieces, words, at = [], [], 0.0
        for sentence in sentences(text):
            samples, timing = speech(sentence, self._voice)
            pieces.append(samples)
            words += [
                SpokenWord(text=word, start=at + start, end=at + end) for word, start, end in timing
            ]
            at += len(samples) / RATE
        sound = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
        steps = np.arange(0, len(sound), RATE / sample_rate_hz)
        pcm = np.interp(steps, np.arange(len(sound)), sound).astype("<i2").tobytes()
        return Spoken(pcm=pcm, words=tuple(words))


class Interruptions(BaseObserver):
    """Notes when the agent was first interrupted."""

    def __init__(self, call: Call) -> None:
        super().__init__()
        self._call = call

    async def on_push_frame(self, data: FramePushed) -> None:
        """Look at a frame."""
        if isinstance(data.frame, InterruptionFrame) and self._call.decided_at is None:
            self._call.decided_at = asyncio.get_running_loop().time()


async def play(scene: Scene, system: str) -> tuple[Call, float | None]:
    """Play a scene.

    Returns:
        The call, and how many seconds of its reply the model takes for heard.
    """
    call = Call(scene)
    transport = MemoryTransport()
    server = OpenAIRealtimeServer(
        heard=[scene.said] if scene.said else [],
        script=[scene.agent],
        voice=SceneVoice(scene.agent_voice),
    )
    options: dict[str, Any] = {
        "params": PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE),
        "observers": [Interruptions(call)],
        "enable_rtvi": False,
        "idle_timeout_secs": None,
    }
    async with server:
        if system == "ours":
            agent = VoiceAgent(
                realtime=lambda: service(server),
                greeting=scene.agent,
                turns=TurnSettings(silence_secs=0.4, reprompts=()),
                latency=None,
            )
            worker: PipelineWorker = agent.worker(transport, **options)
            parts = flattened(worker.pipeline)
            call.context = next(p.context for p in parts if isinstance(p, LLMUserAggregator))
        else:
            pair = LLMContextAggregatorPair(call.context)
            model = service(server)
            worker = PipelineWorker(
                Pipeline(
                    [transport.input(), pair.user(), model, transport.output(), pair.assistant()]
                ),
                **options,
            )
            call.context.add_message({"role": "developer", "content": scene.agent})
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        running = asyncio.create_task(runner.run())
        await transport.connect()
        if system != "ours":
            await worker.queue_frame(LLMRunFrame())
        await _speak(scene, transport)
        await worker.cancel()
        await running
        call.played = [(chunk.at_secs, chunk.pcm) for chunk in transport.played]
        items = server.conversations[0].items
        return call, next((item.audio_secs for item in items if item.words), None)


def service(server: OpenAIRealtimeServer) -> OpenAIRealtimeLLMService:
    """The service of both: it asks for transcripts, and is else as it comes."""
    heard = AudioInput(transcription=InputAudioTranscription())
    session = SessionProperties(audio=AudioConfiguration(input=heard))
    return OpenAIRealtimeLLMService(
        api_key="any",
        base_url=server.url,
        settings=OpenAIRealtimeLLMService.Settings(session_properties=session),
    )


async def _speak(scene: Scene, transport: MemoryTransport) -> None:
    secs = sum(len(speech(s, scene.agent_voice)[0]) for s in sentences(scene.agent)) / RATE + 4
    pcm, _ = microphone(scene, secs)
    began = asyncio.get_running_loop().time()
    step = RATE // 50 * 2
    for count, at in enumerate(range(0, len(pcm), step)):
        await asyncio.sleep(max(0.0, began + count * 0.02 - asyncio.get_running_loop().time()))
        await transport.send_audio(pcm[at : at + step], sample_rate_hz=RATE)


def heard_secs(call: Call) -> float:
    """How much of the reply sounded, until it was cut or came to its end."""
    until = call.decided_at if call.decided_at is not None else float("inf")
    audible = [len(pcm) / 2 / RATE for begun, pcm in call.played if begun <= until and any(pcm)]
    whole = sum(len(speech(s, call.scene.agent_voice)[0]) for s in sentences(call.scene.agent))
    return min(sum(audible), whole / RATE)


def told(call: Call) -> list[str]:
    said = [
        str(message.get("content"))
        for message in call.context.messages
        if isinstance(message, dict) and message["role"] == "assistant"
    ]
    return " ".join(said).replace("—", "").split()


def by_share(call: Call) -> int:
    """How many words the cut's share of the sound holds, by letters."""
    words = call.scene.agent.split()
    whole = sum(len(speech(s, call.scene.agent_voice)[0]) for s in sentences(call.scene.agent))
    left = heard_secs(call) / (whole / RATE) * sum(len(word) + 1 for word in words)
    count = 0
    for word in words:
        if left < (len(word) + 1) / 2:
            break
        left -= len(word) + 1
        count += 1
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description="Play callers over a speech-to-speech model.")
    parser.add_argument("--scenes", type=int, default=52)
    parser.add_argument("--systems", nargs="+", default=SYSTEMS, choices=SYSTEMS)
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    logger.remove()
    scenes = [dataclasses.replace(scene, timed=False) for scene in make(arguments.scenes)]
    print(f"{len(scenes)} scenes, {sum(s.meant for s in scenes)} callers who mean it")
    print(f"{'':<10} right  exact   ±1  share  more  caller's  model  finished")
    for system in arguments.systems:
        played = [run_virtual(play(scene, system)) for scene in scenes]
        judged = [(call, judge(call), model) for call, model in played]
        share = [abs(len(told(call)) - by_share(call)) <= 1 for call, *_ in judged]
        off = [verdict.words_off for _, verdict, _ in judged]
        model_right = [
            model is not None and abs(model - heard_secs(call)) <= MODEL_TOLERANCE_SECS
            for call, _, model in judged
        ]
        print(
            f"{system:<10} {sum(v.right for _, v, _ in judged):2d}/{len(judged)}"
            f" {off.count(0):6d} {off.count(1):4d}"
            f" {sum(map(any, zip((o == 0 for o in off), share, strict=True))):6d}"
            f" {sum(each > 1 for each in off):5d}"
            f" {sum(v.caller_ok for _, v, _ in judged):9d} {sum(model_right):6d}"
            f" {sum(v.whole for c, v, _ in judged if not c.scene.meant):5d}"
            f"/{sum(not c.scene.meant for c, *_ in judged)}",
            flush=True,
        )
        for (call, verdict, model), right in zip(judged, model_right, strict=True):
            if arguments.verbose and (verdict.words_off or not verdict.right or not right):
                scene = call.scene
                print("   ", scene.kind, repr(scene.said), f"at {scene.at_secs:.2f}", verdict)
                print("   ", call.decided_at, heard_secs(call), model, by_share(call), told(call))


if __name__ == "__main__":
    main()
