"""A scenario as data: who calls whom, what goes wrong on the way, and what must come of it."""

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NegativeFloat,
    NonNegativeFloat,
    PositiveFloat,
    model_validator,
)

from antiphon.core.language_tags import language_of
from antiphon.core.wav import AudioFileError, read_wav
from antiphon.simulation.audio import SAMPLE_RATE_HZ, resample
from antiphon.simulation.caller import HangUp, Press, Say, recorded_lines
from antiphon.simulation.caller.conditions import NoiseKind
from antiphon.simulation.caller.follower import PATIENCE_SECS
from antiphon.simulation.caller.script import Moment, Step, replayed_call
from antiphon.simulation.caller.voice import CALLER_VOICE
from antiphon.simulation.vendors.faults import Fault

__all__ = [
    "Agent",
    "CallerSettings",
    "Expectations",
    "Line",
    "NetworkSettings",
    "Scenario",
    "Services",
]

Vendor = Literal["deepgram", "openai", "cartesia"]


def _language(tag: str) -> str:
    if tag and not language_of(tag):
        raise ValueError(f"{tag!r} is no language: give a code such as 'en' or 'pt-BR'")
    return tag


Language = Annotated[str, AfterValidator(_language)]
Services = Literal["embedded", "vendors", "realtime"]
Share = Annotated[float, Field(ge=0, le=1)]


def _fault_fields(data: Any) -> Any:
    known = [field.name for field in fields(Fault)]
    for name in data if isinstance(data, dict) else ():
        if name not in known:
            raise ValueError(f"a fault has no field {name!r}; it has {', '.join(known)}")
    return data


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Agent(_Data):
    """The agent that is called: the order desk, unless `factory` names another.

    Parameters:
        greeting: What the order desk says first.
        services: `"embedded"`; or `"vendors"`: Pipecat's own Deepgram, OpenAI and Cartesia
            services against vendor servers on loopback; or `"realtime"`: its own OpenAI Realtime
            service, against such a server.
        stt: Which of the embedded ones hears. PocketSphinx does the same in every run, and knows
            the phrases of the order desk; Whisper understands what people say.
        tts: Which of them speaks.
        tool_secs: How long the order desk's tool takes.
        flow: Whether it is a flow of Pipecat's, in nodes.
        factory: `"package.module:function"`, which takes nothing and returns a `VoiceAgent`.
    """

    greeting: str = "Hello, this is the order desk. How can I help you?"
    services: Services = "embedded"
    stt: Literal["embedded/pocketsphinx", "embedded/whisper"] = "embedded/pocketsphinx"
    tts: Literal["embedded/espeak", "embedded/hibari"] = "embedded/espeak"
    tool_secs: NonNegativeFloat = 0.15
    flow: bool = False
    factory: Annotated[str, Field(pattern=r"^[\w.]+:\w+$")] | None = None

    @model_validator(mode="after")
    def _one_agent(self) -> Self:
        if self.factory and self.model_fields_set - {"factory"}:
            other = sorted(self.model_fields_set - {"factory"})[0]
            raise ValueError(f"{other!r} is for the order desk, but 'factory' names another agent")
        if self.flow and self.services == "realtime":
            raise ValueError("'flow' needs an LLM, which services: realtime has none of")
        return self


class NetworkSettings(_Data):
    """What becomes of the caller's packets; see `antiphon.simulation.caller.Network`.

    Parameters:
        loss: The share of packets that are lost.
        jitter_secs: The longest delay of a packet.
        reorder: The share of packets that arrive behind their successor.
    """

    loss: Share = 0.0
    jitter_secs: NonNegativeFloat = 0.0
    reorder: Share = 0.0


class CallerSettings(_Data):
    """The caller.

    Parameters:
        voice: An eSpeak voice, with a variant after "+", or "hibari".
        language: A code, "es", in which that voice speaks.
        noise_snr_db: Background noise, so many dB under the caller's voice.
        noise: What it is: "hiss", "babble" (six voices that say nothing), "street", "hold_music" or
            "keyboard" (somebody types).
        network: What becomes of the packets.
        echo_db: How loud the agent's own voice comes back, beside itself: below 0.
        echo_ms: How late it does.
        patience_secs: How long the caller waits for an answer before going on without one.
        seed: Of the noise and the network.
    """

    voice: str = CALLER_VOICE
    language: Language = ""
    noise_snr_db: float | None = None
    noise: NoiseKind = "hiss"
    network: NetworkSettings | None = None
    echo_db: NegativeFloat | None = None
    echo_ms: NonNegativeFloat = 200.0
    patience_secs: PositiveFloat = PATIENCE_SECS
    seed: int = 0

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if "noise" in self.model_fields_set and self.noise_snr_db is None:
            raise ValueError("'noise' needs to know how loud: give 'noise_snr_db' too")
        return self


class Line(_Data):
    """What the caller does, exactly one of `say`, `wav`, `press` and `hang_up`, and what follows.

    Parameters:
        say: Words to speak.
        wav: A sound file to play, relative to the scenario's.
        press: Keys to press, such as "42#".
        hang_up: End the call here; by default the caller hangs up after the last answer.
        transcript: How a right transcript reads where that is not what is said: with personal data
            redacted.
        language: A code in which this is said, where that is not the caller's.
        after: The moment to wait for: "agent_done", "agent_starts" (talk over it) or "step_done"
            (at once: a hesitation, a correction, silence).
        after_secs: How long after that moment.
        answered: Whether the agent must answer (true), must not (false), or may (null).
        answer: Words that the answer must contain, as heard by the caller.
        within_secs: How long the caller may wait for the first sound of the answer.
        tool: The function that must be called, with `arguments`; none expects no call.
        arguments: What it must be called with.
        tool_outcome: What must become of the call.
        interrupted: Whether talking over the agent must make it stop.
        max_stop_secs: How long it may speak on then.
        max_wer: The word error rate that is still good enough; null for any.
    """

    say: str | None = None
    wav: Path | None = None
    press: Annotated[str, Field(pattern=r"^[0-9*#]+$")] | None = None
    hang_up: Literal[True] | None = None
    transcript: str | None = None
    language: Language = ""
    after: Moment = "agent_done"
    after_secs: NonNegativeFloat = 0.0
    answered: bool | None = True
    answer: str | None = None
    within_secs: PositiveFloat | None = None
    tool: str | None = None
    arguments: dict[str, Any] = Field(default_factory=dict)
    tool_outcome: Literal["completed", "failed", "timed_out", "cancelled"] = "completed"
    interrupted: bool | None = None
    max_stop_secs: PositiveFloat = 1.0
    max_wer: NonNegativeFloat | None = 0.25

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        done = [name for name in ("say", "wav", "press", "hang_up") if getattr(self, name)]
        if len(done) != 1:
            told = " and ".join(done) or "none"
            raise ValueError(f"a line has exactly one of say, wav, press and hang_up, not {told}")
        if self.answered is False:
            for name in ("answer", "within_secs"):
                if getattr(self, name) is not None:
                    raise ValueError(f"{name!r} expects an answer, but 'answered' is false")
        if self.arguments and not self.tool:
            raise ValueError("'arguments' are expected of no 'tool'")
        if self.interrupted is not None and self.after == "agent_done":
            raise ValueError(
                "'interrupted' is expected of a caller who waits: after is 'agent_done'"
            )
        return self

    @property
    def told(self) -> str:
        """What to call the line in a message."""
        return (
            self.transcript or self.say or (f"keys {self.press}" if self.press else str(self.wav))
        )

    def step(self, folder: Path) -> Step:
        """Return the line as a caller's step.

        Args:
            folder: What a `wav` is relative to.

        Raises:
            AudioFileError: If the sound file cannot be used.
        """
        if self.hang_up:
            return HangUp(after=self.after, after_secs=self.after_secs)
        if self.press:
            return Press(keys=self.press, after=self.after, after_secs=self.after_secs)
        samples = None
        if self.wav:
            audio = read_wav(folder / self.wav)
            samples = resample(audio.samples[:, 0], audio.sample_rate_hz, SAMPLE_RATE_HZ)
        return Say(
            text=self.say or "",
            transcript=self.transcript,
            language=self.language,
            after=self.after,
            after_secs=self.after_secs,
            audio=samples,
        )


class Expectations(_Data):
    """What must come of the whole call.

    Parameters:
        said: Texts of which the agent must have said each, heard or cut off.
        heard: Texts of which the caller must have heard each.
        never_said: Texts that the agent must not say.
        redacted: Texts that must reach neither the conversation, a tool nor the agent's voice.
        greeted: Whether the agent must speak first.
        outcome: Who ends the call.
        max_secs: How long it may last.
    """

    said: tuple[str, ...] = ()
    heard: tuple[str, ...] = ()
    never_said: tuple[str, ...] = ()
    redacted: tuple[str, ...] = ()
    greeted: bool | None = True
    outcome: Literal["caller_hung_up", "agent_hung_up"] = "caller_hung_up"
    max_secs: PositiveFloat | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for wanted in (*self.said, *self.heard):
            for unwanted in (*self.never_said, *self.redacted):
                if unwanted.lower() in wanted.lower():
                    raise ValueError(f"{unwanted!r} must never be said, and {wanted!r} must be")
        return self


class Scenario(_Data):
    """A call, and what must come of it.

    Parameters:
        title: What to call it.
        agent: Who is called.
        caller: Who calls.
        faults: What goes wrong at each vendor; needs `services: vendors`.
        lines: What the caller does.
        recording: A recorded caller instead of `lines`, who waits for every turn; each line must
            be answered.
        replay: A recorded call instead of `lines`, stereo, the caller left: what the caller said is
            said again, as long after the agent as it was then; each line must be answered.
        expect: What must come of the whole call.
        folder: Where the scenario's sound files are; set when it is loaded.
    """

    title: str
    agent: Agent = Agent()
    caller: CallerSettings = CallerSettings()
    faults: dict[Vendor, tuple[Annotated[Fault, BeforeValidator(_fault_fields)], ...]] = Field(
        default_factory=dict
    )
    lines: tuple[Line, ...] = ()
    recording: Path | None = None
    replay: Path | None = None
    expect: Expectations = Expectations()
    folder: Path = Field(default=Path(), exclude=True)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        given = [name for name in ("lines", "recording", "replay") if getattr(self, name)]
        if len(given) != 1:
            told = " and ".join(given) or "none"
            raise ValueError(f"a scenario has one of lines, recording and replay, not {told}")
        if self.faults and self.agent.services != "vendors":
            raise ValueError("'faults' hit vendors, but 'agent.services' is not 'vendors'")
        if any(line.hang_up for line in self.lines[:-1]):
            raise ValueError("'hang_up' ends the call, but it is not the last line")
        for number, line in enumerate(self.lines, start=1):
            for text in self.expect.redacted:
                if text.lower() in line.told.lower():
                    raise ValueError(
                        f"{text!r} must be redacted, but line {number} says it, and so would the "
                        "report: give the line a 'transcript' as it must read"
                    )
        return self

    def steps(self) -> list[Step]:
        """Return what the caller does.

        Raises:
            AudioFileError: If a sound file cannot be used.
        """
        for file, lines_of in ((self.recording, recorded_lines), (self.replay, replayed_call)):
            if file:
                audio = read_wav(self.folder / file)
                try:
                    return [*lines_of(audio)]
                except AudioFileError as error:
                    raise AudioFileError(f"{self.folder / file}: {error}") from error
        return [line.step(self.folder) for line in self.lines]

    def notes(self) -> list[str]:
        """Return what a user should know before reading the results.

        Raises:
            AudioFileError: If a sound file cannot be used.
        """
        files = [line.wav for line in self.lines] + [self.recording, self.replay]
        rates = {file: read_wav(self.folder / file).sample_rate_hz for file in files if file}
        return [
            f"{file} is at {rate} Hz: resampled to {SAMPLE_RATE_HZ} Hz"
            for file, rate in rates.items()
            if rate != SAMPLE_RATE_HZ
        ]

    def without_barge_in(self) -> Self:
        """Return the same call with a caller who waits for every turn."""
        waiting = {"after": "agent_done", "after_secs": 0.0, "interrupted": None}
        lines = [
            line.model_copy(update=waiting) if line.after == "agent_starts" else line
            for line in self.lines
        ]
        return self.model_copy(update={"lines": tuple(lines)})
