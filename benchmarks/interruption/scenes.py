"""Callers who speak over a speaking agent, through the whole pipeline, in virtual time.

    python benchmarks/interruption/scenes.py [--scenes 104] [--wav FOLDER] [--finals-only]

Each scene is a real pipeline: transport, Silero VAD on the caller's audio, a speech service that
shows the caller's words 300 ms after they end and the final transcript 500 ms after the last,
Pipecat's aggregators, a TTS service and a transport that plays at real pace. The voices are
eSpeak's, whose word times are the truth; half of the scenes give them to the pipeline, half do not.
The same scenes are run with Pipecat's default strategies, with MinWords(3) and with ours.

What a scene is judged by:
- right: a caller who meant it got the turn, and nobody else did;
- words: the context holds the agent's words that sounded. A word of which the middle lies within
  one chunk (40 ms) of the cut may be there or not;
- caller: the context holds the caller's words, if and only if they took the turn;
- finished: of the callers who did not mean it, how many heard the reply to its end;
- duck: from the VAD's event to the first quieter chunk;
- silence: of who meant it, from their first sample to the agent's last audible one; of who did not,
  how long the agent was silent for them (a hole in a pause of its own counts whole).
"""

import argparse
import asyncio
import random
import sys
import wave
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import looptime
import numpy as np
from loguru import logger
from numpy.typing import NDArray
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.clocks.base_clock import BaseClock
from pipecat.frames.frames import (
    EndFrame,
    Frame,
    InterimTranscriptionFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    VADUserStartedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService
from pipecat.turns.user_start import MinWordsUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

from antiphon.processors.interruption import Interruption
from antiphon.processors.safe_processor import SafeProcessor
from antiphon.services import EspeakSynthesizer
from antiphon.transports.memory import MemoryTransport

RATE = 16_000
CHUNK_SECS = 0.04
STT_LAG_SECS, FINAL_LAG_SECS = 0.3, 0.5
Samples = NDArray[np.float32]

AGENT = [
    "Your order left the warehouse on Monday. It should arrive by Thursday afternoon. "
    "The driver will call you before he comes.",
    "We have two plans for you. The first one is cheaper, but it has no support. "
    "The second one costs a little more and includes everything.",
    "I found three flights for that day. The earliest leaves at six in the morning. "
    "The last one arrives after midnight, so I would not take it.",
    "Thank you for waiting. I have checked the account, and everything looks fine. "
    "The payment went through yesterday, and the receipt is in your mail.",
]
AGENT_VOICES = ["en-us", "en-us+f3", "en-us+m3", "en+f4"]
CALLER_VOICES = ["en-us+f2", "en+m7", "en-us+m1", "en+m5", "en-us+f5", "en+f1"]
SAID = {
    "backchannel": [
        "uh-huh",
        "yeah",
        "okay",
        "right",
        "I see",
        "oh really",
        "that's great",
        "sure",
    ],
    "command": ["stop", "wait", "hold on", "no", "excuse me", "stop talking", "cancel that"],
    "question": ["how much is it", "what was that", "can you repeat that", "which one is better"],
    "correction": [
        "no I meant the other one",
        "but I already paid for that",
        "that is not my address",
        "I want to change the date",
    ],
}
SYSTEMS = ["ours", "Pipecat default", "Pipecat MinWords(3)"]
NOISES = ["keyboard", "cough", "door", "murmur", "television"]


@dataclass(frozen=True)
class Scene:
    """What happens in one call."""

    agent: str
    agent_voice: str
    timed: bool
    kind: str
    said: str
    caller_voice: str
    at_secs: float
    snr_db: float | None
    seed: int

    @property
    def meant(self) -> bool:
        """Whether the caller wants the turn."""
        return self.kind in ("command", "question", "correction")


@dataclass
class Call:
    """What became of a scene."""

    scene: Scene
    context: LLMContext = field(default_factory=LLMContext)
    vad_at: float | None = None
    decided_at: float | None = None
    played: list[tuple[float, bytes]] = field(default_factory=list)


# Voices and noises.


@cache
def speech(text: str, voice: str) -> tuple[Samples, tuple[tuple[str, float, float], ...]]:
    """A text as samples at 16 kHz, and its words with their times."""
    said = EspeakSynthesizer().synthesize(text, voice=voice)
    samples = np.frombuffer(said.pcm, "<i2").astype(np.float32)
    steps = np.arange(0, len(samples), said.sample_rate_hz / RATE)
    samples = np.interp(steps, np.arange(len(samples)), samples).astype(np.float32)
    samples *= 1640 / max(1.0, float(np.sqrt(np.mean(samples**2))))  # -26 dBFS
    return samples, tuple((word.text, word.start_secs, word.end_secs) for word in said.words)


def noise(kind: str, rng: np.random.Generator) -> Samples:
    """A sound that is no speech, or speech that nobody understands."""
    if kind == "murmur":
        words = [
            speech("and then they went over to the other side again", v)[0] for v in CALLER_VOICES
        ]
        shortest = min(map(len, words))
        murmur: Samples = sum(word[:shortest] for word in words) / 3  # type: ignore[assignment]
        return murmur
    if kind == "television":  # speech that the speech service does not take for the caller's
        return speech("later tonight we look at the weather in the mountains", "en+m3")[0]
    secs, clicks = {"keyboard": (1.5, 12), "cough": (0.35, 1), "door": (0.4, 1)}[kind]
    samples = np.zeros(round(secs * RATE), np.float32)
    for at in rng.integers(0, max(1, len(samples) - 1600), clicks):
        burst = rng.normal(0, 1, min(len(samples) - at, 400 if clicks > 1 else len(samples)))
        samples[at : at + len(burst)] += (
            6000 * burst * np.exp(-np.arange(len(burst)) / len(burst) * 5)
        )
    return samples


def microphone(scene: Scene, secs: float) -> tuple[bytes, float]:
    """What the caller's side sends, and how long the event in it lasts."""
    rng = np.random.default_rng(scene.seed)
    track = np.zeros(round(secs * RATE), np.float32)
    if scene.snr_db is not None:
        track += rng.normal(0, 1640 / 10 ** (scene.snr_db / 20), len(track)).astype(np.float32)
    event = (
        noise(scene.kind, rng)
        if scene.kind in NOISES
        else speech(scene.said, scene.caller_voice)[0]
    )
    start = round(scene.at_secs * RATE)
    event = event[: len(track) - start]
    track[start : start + len(event)] += event
    return track.clip(-32768, 32767).astype("<i2").tobytes(), len(event) / RATE


# Services.


class ClipTTS(TTSService):
    """Speaks with prepared voices, ten times faster than real time."""

    def __init__(self, *, voice: str, timed: bool) -> None:
        super().__init__(
            push_start_frame=True,
            push_stop_frames=True,
            push_text_frames=not timed,
            settings=TTSSettings(model="clips", voice=voice, language=None),
        )
        self._clip_voice = voice
        self._timed = timed
        self._spoken_secs: dict[str, float] = {}

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        """Yield the prepared voice, and tell its words where they are to be told."""
        samples, words = speech(text.strip(), self._clip_voice)
        pcm = samples.astype("<i2").tobytes()
        begun = self._spoken_secs.get(context_id, 0.0)
        self._spoken_secs = {context_id: begun + len(samples) / RATE}
        await asyncio.sleep(0.05)
        for at in range(0, len(pcm), RATE // 5):
            if at == 0 and self._timed:
                await self.start_word_timestamps()
                await self.add_word_timestamps(
                    [(word, begun + start) for word, start, _ in words], context_id
                )
            yield TTSAudioRawFrame(pcm[at : at + RATE // 5], RATE, 1, context_id=context_id)
            await asyncio.sleep(0.01)


class Ear(SafeProcessor):
    """Stands where the speech service does: sends its transcripts, notes what comes back."""

    def __init__(self, call: Call) -> None:
        super().__init__()
        self._noted = call

    async def handle(self, frame: Frame, direction: FrameDirection) -> None:
        """Note when the VAD noticed the caller."""
        if isinstance(frame, VADUserStartedSpeakingFrame) and self._noted.vad_at is None:
            self._noted.vad_at = _now()
        await self.push_frame(frame, direction)

    async def handle_lifecycle(self, frame: Frame, direction: FrameDirection) -> None:
        """Note when the agent was interrupted."""
        if isinstance(frame, InterruptionFrame) and self._noted.decided_at is None:
            self._noted.decided_at = _now()

    async def hear(self, scene: Scene, *, interims: bool) -> None:
        """Send the transcripts of what the caller says."""
        if not scene.said:
            return
        _, words = speech(scene.said, scene.caller_voice)
        began = _now()
        for count, (_, _, end) in enumerate(words, 1):
            await asyncio.sleep(max(0.0, began + end + STT_LAG_SECS - _now()))
            text = " ".join(word for word, _, _ in words[:count])
            if interims:
                await self.push_frame(InterimTranscriptionFrame(text, "caller", ""))
        await asyncio.sleep(max(0.0, began + words[-1][2] + FINAL_LAG_SECS - _now()))
        await self.push_frame(TranscriptionFrame(scene.said, "caller", ""))


class LoopTime(BaseClock):
    """Pipecat's clock on the loop's time."""

    def start(self) -> None:
        """Nothing to start."""

    def get_time(self) -> int:
        """Return nanoseconds; never 0, which Pipecat takes for "not started"."""
        return round(_now() * 1e9) + 1


def _now() -> float:
    return asyncio.get_running_loop().time()


# Playing a scene.


async def play(
    scene: Scene,
    system: str,
    *,
    interims: bool = True,
    beside_the_voice: Callable[[FrameProcessor], list[FrameProcessor]] = lambda voice: [voice],
) -> Call:
    """Play a scene; what stands beside the voice may be put there."""
    call = Call(scene)
    ear = Ear(call)
    transport = MemoryTransport()
    interruption = Interruption()
    stop = [SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.4)]
    strategies = {
        "ours": lambda: interruption.turn_strategies(stop=stop),  # type: ignore[arg-type]
        "Pipecat default": lambda: UserTurnStrategies(stop=stop),  # type: ignore[arg-type]
        "Pipecat MinWords(3)": lambda: UserTurnStrategies(
            start=[MinWordsUserTurnStartStrategy(min_words=3)],
            stop=stop,  # type: ignore[arg-type]
        ),
    }[system]()
    pair = LLMContextAggregatorPair(
        call.context,
        user_params=LLMUserAggregatorParams(
            user_turn_strategies=strategies, vad_analyzer=SileroVADAnalyzer(), empty_user_turn=None
        ),
    )
    gate = [interruption.playback] if system == "ours" else []
    worker = PipelineWorker(
        Pipeline(
            [
                transport.input(),
                ear,
                pair.user(),
                *beside_the_voice(ClipTTS(voice=scene.agent_voice, timed=scene.timed)),
                *gate,
                transport.output(),
                pair.assistant(),
            ]
        ),
        params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE),
        clock=LoopTime(),
        enable_rtvi=False,
        idle_timeout_secs=None,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await transport.connect()
    reply = [LLMTextFrame(word + " ") for word in scene.agent.split()]
    for frame in [LLMFullResponseStartFrame(), *reply, LLMFullResponseEndFrame()]:
        await worker.queue_frame(frame)
    secs = sum(len(speech(s, scene.agent_voice)[0]) for s in sentences(scene.agent)) / RATE + 4
    pcm, _ = microphone(scene, secs)
    hearing = asyncio.create_task(_hear(ear, scene, interims=interims))
    step = RATE // 50 * 2
    began = _now()
    for count, at in enumerate(range(0, len(pcm), step)):
        await asyncio.sleep(max(0.0, began + count * 0.02 - _now()))
        await transport.send_audio(pcm[at : at + step], sample_rate_hz=RATE)
    await hearing
    await worker.queue_frame(EndFrame())
    await running
    call.played = [(chunk.at_secs, chunk.pcm) for chunk in transport.played]
    return call


async def _hear(ear: Ear, scene: Scene, *, interims: bool) -> None:
    await asyncio.sleep(scene.at_secs)
    await ear.hear(scene, interims=interims)


def sentences(text: str) -> list[str]:
    return [part.strip() + "." for part in text.split(".") if part.strip()]


def in_virtual_time(scene: Scene, system: str, **options: Any) -> Call:
    loop = looptime.patch_event_loop(asyncio.SelectorEventLoop())
    loop.setup_looptime(start=0, noop_cycles=2)

    def at_once(_: object, act: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        done: asyncio.Future[Any] = loop.create_future()
        done.set_result(act(*args))
        return done

    loop.run_in_executor = at_once  # type: ignore[method-assign, assignment]
    try:
        return loop.run_until_complete(play(scene, system, **options))
    finally:
        loop.close()


# Judging it.


@dataclass(frozen=True)
class Verdict:
    """What was right about a call, and how long things took, in ms."""

    right: bool
    words_off: int
    caller_ok: bool
    duck_ms: float | None
    silence_secs: float | None
    dead_air_secs: float
    whole: bool


def judge(call: Call) -> Verdict:
    scene = call.scene
    words, at = [], 0.0
    for sentence in sentences(scene.agent):
        samples, timing = speech(sentence, scene.agent_voice)
        words += [(word, at + start, at + end) for word, start, end in timing]
        at += len(samples) / RATE
    if call.decided_at is not None:
        heard_secs = sum(
            len(pcm) / 2 / RATE for begun, pcm in call.played if begun <= call.decided_at
        )
        middles = [(start + end) / 2 for _, start, end in words]
        least = sum(middle <= heard_secs - CHUNK_SECS for middle in middles)
        most = sum(middle <= heard_secs + CHUNK_SECS for middle in middles)
    else:
        least = most = len(words)
    told = " ".join(_said(call.context, "assistant")).replace("—", "").split()
    whole = [word for word, _, _ in words]
    same = told == whole[: len(told)]
    off = max(least - len(told), len(told) - most, 0) if same else len(words)
    caller = " ".join(_said(call.context, "user"))
    return Verdict(
        right=(call.decided_at is not None) == scene.meant,
        words_off=off,
        caller_ok=caller == (scene.said if scene.meant else ""),
        duck_ms=_duck_ms(call),
        silence_secs=_silence_secs(call),
        dead_air_secs=_dead_air_secs(call),
        whole=same and len(told) == len(whole),
    )


def _said(context: LLMContext, role: str) -> list[str]:
    return [
        str(message.get("content"))
        for message in context.messages
        if isinstance(message, dict) and message["role"] == role
    ]


def _duck_ms(call: Call) -> float | None:
    """From the VAD's event to the first chunk that is quieter than it was made."""
    if call.vad_at is None:
        return None
    made = b"".join(
        speech(s, call.scene.agent_voice)[0].astype("<i2").tobytes()
        for s in sentences(call.scene.agent)
    )
    at, audible_from = 0, None
    for begun, pcm in call.played:
        original = np.frombuffer(made[at : at + len(pcm)], "<i2").astype(float)
        at += len(pcm)
        chunk = np.frombuffer(pcm, "<i2").astype(float)[: len(original)]
        if begun + CHUNK_SECS < call.vad_at or len(original) < 10 or np.abs(original).max() < 40:
            continue
        # In a pause of the agent's own nothing can be heard to become quieter.
        audible_from = begun if audible_from is None else audible_from
        if np.abs(chunk).sum() < 0.9 * np.abs(original).sum():
            return max(0.0, begun - max(call.vad_at, audible_from)) * 1000
        if begun > call.vad_at + 0.5:
            return None
    return None


def _audible(call: Call) -> list[tuple[float, float]]:
    """When the agent sounds: from the first to the last audible sample of each chunk."""
    spans = []
    for begun, pcm in call.played:
        loud = np.flatnonzero(np.abs(np.frombuffer(pcm, "<i2").astype(int)) > 8)
        if loud.size:
            spans.append((begun + loud[0] / RATE, begun + loud[-1] / RATE))
    return spans


def _silence_secs(call: Call) -> float | None:
    if call.decided_at is None or not call.scene.meant:
        return None
    ends = [end for _, end in _audible(call) if end <= call.decided_at + 3]
    return max(0.0, max(ends, default=0.0) - call.scene.at_secs)


def _dead_air_secs(call: Call) -> float:
    """The longest hole in the agent's speech around what did not take the turn."""
    if call.decided_at is not None:
        return 0.0
    near = [s for s in _audible(call) if -0.5 < s[0] - call.scene.at_secs < 8]
    return max((after - end for (_, end), (after, _) in pairwise(near)), default=0.0)


def make(count: int) -> list[Scene]:
    rng = random.Random(7)
    kinds = [*SAID, *SAID, *NOISES]
    scenes = []
    for index in range(count):
        kind = kinds[index % len(kinds)]
        agent = rng.choice(AGENT)
        voice = rng.choice(AGENT_VOICES)
        secs = sum(len(speech(s, voice)[0]) for s in sentences(agent)) / RATE
        scenes.append(
            Scene(
                agent=agent,
                agent_voice=voice,
                timed=index // len(kinds) % 2 == 0,
                kind=kind,
                said=rng.choice(SAID[kind]) if kind in SAID else "",
                caller_voice=rng.choice(CALLER_VOICES),
                at_secs=rng.uniform(0.6, secs - 1.5),
                snr_db=rng.choice([None, 30.0, 20.0, 10.0]),
                seed=index,
            )
        )
    return scenes


def save(call: Call, path: Path) -> None:
    """Write the agent on the left and the caller on the right."""
    secs = call.played[-1][0] + 1
    agent = np.zeros(round(secs * RATE), "<i2")
    for begun, pcm in call.played:
        samples = np.frombuffer(pcm, "<i2")
        start = round(begun * RATE)
        agent[start : start + len(samples)] = samples[: len(agent) - start]
    caller = np.frombuffer(microphone(call.scene, secs)[0], "<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.stack([agent, caller[: len(agent)]], axis=1).tobytes())


def percentile(values: list[float], share: float) -> float:
    return (
        sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else float("nan")
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Play scenes of callers over a speaking agent.")
    parser.add_argument("--scenes", type=int, default=104)
    parser.add_argument("--systems", nargs="+", default=SYSTEMS, choices=SYSTEMS)
    parser.add_argument("--finals-only", action="store_true", help="no interim transcripts")
    parser.add_argument("--wav", type=Path, help="write the scenes of ours here, to listen to")
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    logger.remove()
    scenes = make(arguments.scenes)
    print(f"{len(scenes)} scenes, {sum(s.meant for s in scenes)} callers who mean it")
    print(
        f"{'':<28}  right  exact   ±1  more  caller's  finished  duck p50/max ms"
        "  silence p50/p90/max s  dead air"
    )
    for system in arguments.systems:
        calls = [in_virtual_time(s, system, interims=not arguments.finals_only) for s in scenes]
        for name, timed in (("word times", True), ("no word times", False)):
            chosen = [(call, judge(call)) for call in calls if call.scene.timed is timed]
            verdicts = [verdict for _, verdict in chosen]
            ducks = [v.duck_ms for v in verdicts if v.duck_ms is not None]
            stops = [v.silence_secs for v in verdicts if v.silence_secs is not None]
            silence = "/".join(f"{percentile(stops, share):.2f}" for share in (0.5, 0.9, 1))
            label = f"{system.removeprefix('Pipecat ')}, {name}"
            print(
                f"{label:<28} {sum(v.right for v in verdicts):3d}/{len(verdicts)}"
                f" {sum(v.words_off == 0 for v in verdicts):6d}"
                f" {sum(v.words_off == 1 for v in verdicts):6d}"
                f" {sum(v.words_off > 1 for v in verdicts):5d}"
                f" {sum(v.caller_ok for v in verdicts):9d}"
                f"  {sum(v.whole for c, v in chosen if not c.scene.meant):4d}"
                f"/{sum(not c.scene.meant for c, _ in chosen)}"
                f"  {percentile(ducks, 0.5):6.0f}/{percentile(ducks, 1):.0f} (n={len(ducks)})"
                f"  {silence}  {max(v.dead_air_secs for v in verdicts):.2f}",
                flush=True,
            )
            for call, v in chosen:
                if arguments.verbose and (v.words_off or not v.right or not v.caller_ok):
                    print("   ", call.scene, v, _said(call.context, "assistant"), file=sys.stderr)
        if arguments.wav and system == "ours":
            arguments.wav.mkdir(parents=True, exist_ok=True)
            for call in calls:
                save(call, arguments.wav / f"{call.scene.seed:03d}-{call.scene.kind}.wav")


if __name__ == "__main__":
    main()
