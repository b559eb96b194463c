"""A voice agent described once and composed for every call."""

import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pipecat.adapters.llm.schemas.direct_function import DirectFunction, DirectFunctionWrapper
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.transports.base_transport import BaseTransport
from pipecat.utils.context.llm_context_summarization import (
    LLMAutoContextSummarizationConfig,
    LLMContextSummaryConfig,
)
from pipecat.workers.runner import WorkerRunner

from antiphon.pipeline.composition import CallParts, make_pipeline, make_worker
from antiphon.pipeline.flows.description import FlowFunction, FlowSetting, check_flow, plain_tools
from antiphon.pipeline.languages.agent import check_languages, in_languages, note_of
from antiphon.pipeline.latency import LatencySettings
from antiphon.pipeline.noise import NoiseSetting, check_noise, noise_filters
from antiphon.pipeline.prewarm import Prewarmed
from antiphon.pipeline.pronunciations import check_pronunciations, pronounce
from antiphon.pipeline.providers.create import check_service, create_service, make_service
from antiphon.pipeline.providers.environment import Environment, read_environment
from antiphon.pipeline.providers.kinds import Given, NamedService, Place, Service, ServiceKind
from antiphon.pipeline.realtime import ModelCall, check_realtime
from antiphon.pipeline.sharing import claim, refuse_another_kind
from antiphon.pipeline.tools import settled
from antiphon.pipeline.turns import Turns, TurnSettings
from antiphon.pipeline.warm_up import load_models, load_tables
from antiphon.pipeline.worker import CallWorker
from antiphon.processors.interruption import InterruptionSettings
from antiphon.processors.latency import Apology, LatencyObserver, WatchdogLimits
from antiphon.processors.redaction import PIIRedactor, Policy, guard_logs
from antiphon.processors.sentences import SentenceSettings
from antiphon.processors.sentences.spoken import speaks_plainly

__all__ = ["VoiceAgent"]

VOICE_RULES = """\
You are in a phone call, and every word you write is spoken aloud. Speak in short, plain \
sentences, three at most, and ask one thing at a time. Write no markdown, lists, headings, emoji, \
links or stage directions. Write numbers, prices, times and dates as one says them, and codes \
character by character. What the caller says was heard by a machine: if it makes no sense, ask."""

# What each setting may be, and how that is told.
SETTINGS: dict[str, tuple[Any, str]] = {
    "instructions": (str, "a text"),
    "voice_rules": (str | None, "a text, or None for no rules of speech"),
    "greeting": (str | None, "a text, or None to let the caller speak first"),
    "tools": (list | tuple, "a list of async functions"),
    "turns": (TurnSettings, "TurnSettings(…)"),
    "interruption": (
        InterruptionSettings | None,
        "InterruptionSettings(…), or None to be interrupted by any voice",
    ),
    "sentences": (
        SentenceSettings | None,
        "SentenceSettings(…), or None to leave them to the TTS service",
    ),
    "latency": (LatencySettings | None, "LatencySettings(…), or None to measure and say nothing"),
    "summary": (
        LLMAutoContextSummarizationConfig | None,
        "Pipecat's LLMAutoContextSummarizationConfig(…), or None for no summary",
    ),
    "redaction": (
        Policy | None,
        "a Policy, such as Policy.preset('strict'), or None for no redaction at all",
    ),
    "voicemail": (str | None, "a text, or None to talk to a box as to a person"),
    "fast_path": (bool, "True or False"),
}


@dataclass(frozen=True, kw_only=True)
class VoiceAgent:
    """What an agent is; `pipeline`, `worker` and `run` make a call of it.

    A service is named, as `"deepgram"`, `"anthropic/claude-haiku-4-5"` or `service("rime", …)` with
    settings, or given as a class or a function that makes a Pipecat service, called without
    arguments for each call. One that is given as an object serves one call, and a second one is
    refused. A name by which no service could be made is refused at once.

    Example::

        agent = VoiceAgent(instructions="Answer in one sentence.", tools=[get_order_status])
        await agent.run(create_transport("memory"))

    Parameters:
        instructions: The system prompt of a named LLM. A given one brings its own, and the embedded
            one knows nothing but its order desk.
        voice_rules: How to write what will be spoken; stands before `instructions`, if anything.
        greeting: What the agent says when the caller connects, if anything.
        tools: Pipecat direct functions: `async def tool(params: FunctionCallParams, …)`. With a
            `flow` they are there at every node, and may be functions of Pipecat Flows.
        flow: A conversation in nodes: a `Flow` of `pipecat.flows`, a `NodeConfig`, or a function
            that makes the first one. None for one prompt.
        stt: Speech-to-text.
        llm: The language model.
        tts: Text-to-speech.
        realtime: A speech-to-speech model in the place of all three, given as a class or a function
            that makes its Pipecat service: `lambda: OpenAIRealtimeLLMService(api_key=…)`.
        pronunciations: By a word that the voice would read wrong, how it sounds: `"win"`, or in IPA
            `"/wɪn/"` where the vendor reads phonemes. The context keeps what was written.
        languages: What the agent speaks, as codes (`["en", "es-MX"]`): each part follows the caller
            from one to another, beginning in the first. Empty for whatever the services speak.
        voices: By language, the vendor's id of a voice, where one voice does not speak all.
        phrases: By language, by a text that the agent says of its own accord (a filler, a question
            to a silent caller), the same in that language. What it says by default is known.
        noise: What takes noise out of the caller's sound: `"rnnoise"`, or a class or function that
            makes one of Pipecat's audio filters for each call.
        turns: When a caller's turn begins and ends.
        interruption: How callers interrupt: the agent talks on through "uh-huh" and remembers what
            was heard. With None any voice or transcript interrupts it.
        sentences: When a piece of a reply goes to the voice; None leaves it to the TTS service.
        latency: What a wait for the agent may cost, and what the caller hears meanwhile; None
            measures nothing and says nothing.
        redaction: What of what is personal the LLM, the voice and the tools may have: by default
            the LLM reads all but what no LLM needs, as card numbers, and the voice says what it
            writes. Logs, RTVI and traces show nothing personal of either side, whatever this is;
            None for no redaction at all.
        summary: When the beginning of a long conversation becomes a summary, which the language
            model writes of what it may read: by default beyond 8000 tokens, but for the last ten
            messages; None for never.
        voicemail: What the agent says to a voicemail box that takes a call which the agent made,
            before it hangs up; empty to say nothing, None to talk to a box as to a person.
        fast_path: Whether audio passes those by who do not look at it, which saves CPU; False to
            see each frame go where Pipecat sends it.
    """

    instructions: str = ""
    voice_rules: str | None = VOICE_RULES
    greeting: str | None = None
    tools: Sequence[DirectFunction | FlowFunction] = ()
    flow: FlowSetting = None
    stt: Service = "embedded"
    llm: Service = "embedded"
    tts: Service = "embedded"
    realtime: Given | None = None
    pronunciations: Mapping[str, str] = field(default_factory=dict)
    languages: Sequence[str] = ()
    voices: Mapping[str, str] = field(default_factory=dict)
    phrases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    noise: NoiseSetting = None
    turns: TurnSettings = field(default_factory=TurnSettings)
    interruption: InterruptionSettings | None = field(default_factory=InterruptionSettings)
    sentences: SentenceSettings | None = field(default_factory=SentenceSettings)
    latency: LatencySettings | None = field(default_factory=LatencySettings)
    redaction: Policy | None = field(default_factory=Policy)
    summary: LLMAutoContextSummarizationConfig | None = field(
        default_factory=lambda: LLMAutoContextSummarizationConfig(
            max_context_tokens=8000,
            max_unsummarized_messages=None,
            summary_config=LLMContextSummaryConfig(
                target_context_tokens=1000, min_messages_after_summary=10
            ),
        )
    )
    voicemail: str | None = None
    fast_path: bool = True

    def __post_init__(self) -> None:
        """Refuse what would fail only once a call has been made."""
        check_languages(self.languages, self.voices, self.phrases)
        if self.realtime is not None:
            check_realtime(self)  # pyright: ignore[reportArgumentType] - as in `_parts`
        for kind, service in self._services.items():
            if isinstance(kind, ServiceKind) and isinstance(service, NamedService):
                check_service(kind, service, self._environment)
            elif not (isinstance(service, FrameProcessor) or callable(service)):
                raise TypeError(
                    f"{kind}={service!r}: give the name of a provider, or a class or function "
                    "that makes a Pipecat service"
                )
        for name, (kinds, told) in SETTINGS.items():
            if not isinstance(value := getattr(self, name), kinds):
                raise TypeError(f"{name}={reprlib.repr(value)}: give {told}")
        for tool in plain_tools(self.tools) if self.flow else self.tools:
            check_tool(tool)
        check_flow(self)  # pyright: ignore[reportArgumentType] - as in `_parts`
        check_pronunciations(self.pronunciations)
        check_noise(self.noise)
        if self.voicemail is not None and self.llm == "embedded":
            raise ValueError(
                f"voicemail={self.voicemail!r} needs an LLM that knows a box from a person, "
                "which the embedded one does not: name another llm"
            )

    def pipeline(
        self,
        transport: BaseTransport,
        *,
        outbound: bool = False,
        latency: LatencyObserver | None = None,
    ) -> Pipeline:
        """Compose a plain Pipecat pipeline for one call, for a worker of your own.

        It greets who connects, ends the worker's call when they leave, redacts, and guards the
        logs. What only a worker can have is `worker`'s: it measures `latency` and ends a stuck
        request, hides the cut mark from an RTVI client and redacts what that is told, runs at a
        telephone's rate, and ends by deadlines. What of this a call lacks is logged as it is
        composed or begins.

        Args:
            transport: Where the caller is.
            outbound: Whether the agent made the call; then it listens first whether a voicemail box
                took it, if `voicemail` is set.
            latency: An observer of the worker's, by which the apology knows of a stuck service.

        Returns:
            The pipeline, from `transport.input()` to the assistant's context aggregator.

        Raises:
            ValueError: If a service or the transport has served a call, or if a service cannot be
                made.
        """
        return make_pipeline(transport, self._parts(transport, outbound, latency))

    def worker(
        self, transport: BaseTransport, *, outbound: bool = False, **kwargs: Any
    ) -> CallWorker:
        """Make the worker of one call: it greets who connects and stops when they leave.

        Args:
            transport: Where the caller is.
            outbound: Whether the agent made the call.
            **kwargs: Passed to `CallWorker`, and so to Pipecat's `PipelineWorker`; its
                `conversation_id` is also what the latency of the call is reported under. But for
                `recorder`, such as a `RedactingRecorder`, which is put behind the output.

        Returns:
            The worker, to be added to a `WorkerRunner`.

        Raises:
            ValueError: As `pipeline` does.
        """
        call_id = kwargs.get("conversation_id") or ""
        latency = self.latency.observer(call_id) if self.latency else None
        return make_worker(transport, self._parts(transport, outbound, latency), **kwargs)

    def _parts(
        self, transport: BaseTransport, outbound: bool, latency: LatencyObserver | None
    ) -> CallParts:
        if self.redaction is not None:
            guard_logs()
        services: dict[Place, FrameProcessor] = {
            kind: self._prewarmed.take(kind) for kind in self._services
        }
        claim(transport, services, given=self._services)
        stt, llm, tts = (services.get(kind) for kind in ServiceKind)
        llm = llm or services["realtime"]
        if tts:
            speaks_plainly(tts)
            pronounce(tts, self.pronunciations)
        limits = self.latency.limits if self.latency else WatchdogLimits()
        redactors: tuple[PIIRedactor, PIIRedactor] | None = None
        tools: list[Any] = [
            settled(t, within_secs=limits.no_tool_result) for t in plain_tools(self.tools)
        ]
        if self.redaction is not None:
            redactors = PIIRedactor(policy=self.redaction), PIIRedactor()
            tools = [redactors[1].tool(tool) for tool in tools]
        interruption = self.turns.interruption(self.interruption)
        context = LLMContext(note_of(self.languages), tools=tools)
        model: ModelCall | None = None
        if self.realtime is not None:
            model = ModelCall(
                llm,
                context=context,
                instructions=self._instructions,
                greets=bool(self.greeting),
                interruption=interruption,
            )
        return CallParts(
            agent=self,  # pyright: ignore[reportArgumentType] - it takes a linked file for another
            stt=stt,
            llm=llm,
            tts=tts,
            outbound=outbound,
            latency=latency,
            interruption=interruption,
            context=context,
            redactors=redactors,
            model=model,
        )

    def require_many_calls(self) -> None:
        """Refuse a service that only one call could have; a server does it before it listens.

        Raises:
            ValueError: If a service was given as an object.
        """
        for kind, service in self._services.items():
            if isinstance(service, FrameProcessor):
                name = type(service).__name__
                raise ValueError(
                    f"{kind}={service} is one object and serves one call: give the name of a "
                    f"provider, the class {name}, or a function that makes one for each call, "
                    f"such as lambda: {name}(…)"
                )

    async def warm_up(self) -> None:
        """Load what the first call would otherwise wait for; a server does it before it listens.

        Raises:
            ValueError: If a service cannot be made, or no call could be composed of it.
            TypeError: If `turns` makes no strategies or no VAD.
        """
        made: dict[Place, FrameProcessor] = {
            kind: await self._prewarmed.keep_if_slow(kind)
            for kind, service in self._services.items()
            if not isinstance(service, FrameProcessor)
        }
        if self.latency and self.latency.apology:
            Apology(recording=self.latency.apology)
        load_tables(self.redaction)
        noise_filters(self.noise)
        await load_models(made.values())
        # Of these, which no call gets: what would be refused in each call is told before the first.
        for kind, service in made.items():
            refuse_another_kind(kind, service)
        if tts := made.get(ServiceKind.TTS):
            pronounce(tts, self.pronunciations)
        if stt := made.get(ServiceKind.STT):
            Turns.of_call(self.turns, stt, None)

    async def run(self, transport: BaseTransport, *, handle_sigint: bool = True) -> None:
        """Run one call until it ends.

        Args:
            transport: Where the caller is.
            handle_sigint: Whether Ctrl-C ends the call.
        """
        runner = WorkerRunner(handle_sigint=handle_sigint)
        await runner.add_workers(self.worker(transport))
        await runner.run()

    @property
    def _services(self) -> dict[Place, Given]:
        if self.realtime is not None:
            return {"realtime": self.realtime}
        given = dict(zip(ServiceKind, (self.stt, self.llm, self.tts), strict=True))
        return {
            kind: in_languages(
                kind,
                NamedService(name=service) if isinstance(service, str) else service,
                languages=self.languages,
                voices=self.voices,
            )
            for kind, service in given.items()
        }

    @cached_property
    def _prewarmed(self) -> Prewarmed:
        return Prewarmed(self._make)

    def _make(self, kind: Place) -> FrameProcessor:
        service = self._services[kind]
        if isinstance(kind, ServiceKind) and isinstance(service, NamedService):
            return create_service(
                kind,
                service,
                instructions=self._instructions,
                environment=self._environment,
            )
        if isinstance(service, FrameProcessor):
            return service
        assert not isinstance(service, NamedService)
        return make_service(kind, service)

    @property
    def _instructions(self) -> str:
        return "\n\n".join(filter(None, (self.voice_rules, self.instructions)))

    @cached_property
    def _environment(self) -> Environment:
        """What the environment says, read once for all calls."""
        return read_environment()


def check_tool(tool: object) -> None:
    """Refuse what Pipecat would only in a call, or we, who wrap it, not even there."""
    if not callable(tool):
        raise TypeError(f"tools: {reprlib.repr(tool)} is no async function")
    try:
        DirectFunctionWrapper.validate_function(tool)
    except Exception as error:
        raise TypeError(f"tools: {reprlib.repr(tool)}: {error}") from None
