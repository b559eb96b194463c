"""A voice agent described once and composed for every call."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipecat.adapters.llm.schemas.direct_function import DirectFunction
from pipecat.frames.frames import TTSSpeakFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.processors.frameworks.rtvi import RTVIObserverParams
from pipecat.transports.base_transport import BaseTransport
from pipecat.workers.runner import WorkerRunner

from antiphon.core.protocols import TelephoneTransport
from antiphon.pipeline.fast_path.aggregators import ListeningUserAggregator, create_aggregators
from antiphon.pipeline.fast_path.pipeline import GuardedPipeline, QuietPipeline
from antiphon.pipeline.fast_path.playback import connect_playback
from antiphon.pipeline.prewarm import Prewarmed
from antiphon.pipeline.providers import (
    PROVIDERS,
    Service,
    ServiceKind,
    create_service,
    make_service,
)
from antiphon.pipeline.sharing import claim, settle
from antiphon.pipeline.voicemail import leave_message, voicemail_detector
from antiphon.pipeline.warm_up import load_models, load_tables
from antiphon.pipeline.worker import CallWorker
from antiphon.processors.interruption import CUT_TEXT, Interruption
from antiphon.processors.latency import (
    Apology,
    Budgets,
    Filler,
    LatencyObserver,
    WatchdogLimits,
)
from antiphon.processors.redaction import (
    PIIRedactor,
    PIIRestorer,
    Policy,
    RedactingRTVIProcessor,
    Redactor,
    Vault,
    guard_logs,
)
from antiphon.processors.sentences import SentenceAggregator
from antiphon.services import Script

if TYPE_CHECKING:
    from antiphon.pipeline.settings import Settings

__all__ = ["VoiceAgent"]

# Smart Turn judges synthetic voices at random, and the embedded recogniser's final is there 5 ms
# after the VAD stop, so silence alone ends a turn. Both figures measured.
EMBEDDED_SPEECH_TIMEOUT_SECS = 0.4

# A recording, because the voice may be what is stuck. Spoken by flite's voice rms.
APOLOGY = Path(__file__).with_name("apology.wav")

# By then a filler has been heard, so a slow answer is given longer than an observer alone gives it.
FIRST_TOKEN_LIMIT_SECS = 4.0


@dataclass(frozen=True, kw_only=True)
class VoiceAgent:
    """What an agent is; `pipeline`, `worker` and `run` make a call of it.

    A service is named (see `antiphon.pipeline.providers.PROVIDERS`), or given as a class or a
    function that makes a Pipecat service, called without arguments for each call. One that is given
    as an object serves one call, and a second one is refused.

    Example::

        agent = VoiceAgent(instructions="Answer in one sentence.", tools=[get_order_status])
        await agent.run(create_transport("memory"))

    Parameters:
        instructions: The system prompt of a named LLM. A given one brings its own, and the embedded
            one follows `script`.
        greeting: What the agent says when the caller connects, if anything.
        tools: Pipecat direct functions: `async def tool(params: FunctionCallParams, …)`.
        stt: Speech-to-text.
        llm: The language model.
        tts: Text-to-speech.
        script: What the embedded services listen for and answer; an order-status line by default.
        keypad_prefix: What the language model reads before the keys that a caller pressed.
        sentences: Whether `SentenceAggregator` cuts replies, rather than the TTS service.
        interruption: Whether the agent talks on through "uh-huh" and remembers what was heard; else
            any voice or transcript interrupts it.
        turn_silence_secs: Seconds of silence that end the caller's turn. By default Smart
            Turn judges; the embedded recogniser takes 0.4 s.
        latency: What a wait for the agent may cost; each is measured, and None measures nothing.
        limits: After how long a service counts as stuck. Its request is then ended and the caller
            hears the apology. A model that thinks for long needs another `no_first_token`.
        fillers: What the agent says in turn when a tool or the model keeps the caller waiting.
        apology: A WAV file, 16-bit and mono, that asks the caller to say it again, if any.
        redaction: What the LLM may not read of what is personal: by default what no LLM needs, as
            card numbers. The voice says what the LLM writes, and logs, RTVI and traces show nothing
            personal of either side, whatever this is; None for no redaction at all.
        voicemail: What the agent says to a voicemail box that takes a call which the agent made,
            before it hangs up; empty to say nothing, None to talk to a box as to a person.
        fast_path: Whether audio passes those by who do not look at it, which saves CPU; False to
            see each frame go where Pipecat sends it.
    """

    instructions: str = "You are on the phone. Answer in one or two short spoken sentences."
    greeting: str | None = None
    tools: Sequence[DirectFunction] = ()
    stt: Service = "embedded"
    llm: Service = "embedded"
    tts: Service = "embedded"
    script: Script = field(default_factory=Script.order_status)
    keypad_prefix: str = "DTMF: "
    sentences: bool = True
    interruption: bool = True
    turn_silence_secs: float | None = None
    latency: Budgets | None = field(default_factory=Budgets)
    limits: WatchdogLimits = field(
        default_factory=lambda: WatchdogLimits(no_first_token=FIRST_TOKEN_LIMIT_SECS)
    )
    fillers: Sequence[str] = ("One moment…",)
    apology: Path | None = APOLOGY
    redaction: Policy | None = field(default_factory=lambda: Policy.preset("model"))
    voicemail: str | None = None
    fast_path: bool = True

    def __post_init__(self) -> None:
        """Refuse what would fail only once a call has been made."""
        for kind, service in self._services.items():
            if not (isinstance(service, str | FrameProcessor) or callable(service)):
                raise TypeError(
                    f"{kind}={service!r}: give the name of a provider, or a class or function "
                    "that makes a Pipecat service"
                )
        if not isinstance(self.redaction, Policy | None):
            raise TypeError(
                f"redaction={self.redaction!r}: give a Policy, such as Policy.preset('strict'), "
                "or None for no redaction at all"
            )
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
        """Compose a plain Pipecat pipeline for one call.

        Args:
            transport: Where the caller is.
            outbound: Whether the agent made the call; then it listens first whether a voicemail box
                took it, if `voicemail` is set.
            latency: An observer of the worker's, by which the apology knows of a stuck service.

        Returns:
            The pipeline, from `transport.input()` to the assistant's context aggregator.

        Raises:
            ValueError: If a service name is unknown or a variable that it needs is not set, if a
                service or the transport has served a call, or if a service cannot be made.
            ImportError: If the extra of a named service is not installed.
        """
        interruption = Interruption() if self.interruption else None
        return Pipeline(self._processors(transport, outbound, latency, interruption))

    def _processors(
        self,
        transport: BaseTransport,
        outbound: bool,
        latency: LatencyObserver | None,
        interruption: Interruption | None,
    ) -> list[FrameProcessor]:
        services = {kind: self._prewarmed.take(kind) for kind in ServiceKind}
        claim(transport, services, given=self._services)
        stt, llm, tts = services.values()
        vault = Vault()
        gate = interruption.playback if interruption else None
        filler = Filler(texts=self.fillers) if self.fillers else None
        apology = Apology(recording=self.apology, observer=latency) if self.apology else None
        if filler and apology:
            apology.add_event_handler("on_apology", filler.give_up)
        listens_for_box = outbound and self.voicemail is not None
        voicemail = voicemail_detector(llm) if listens_for_box else None
        context = LLMContext(tools=list(self.tools))
        silence_secs = self.turn_silence_secs
        if silence_secs is None and self.stt == "embedded":
            silence_secs = EMBEDDED_SPEECH_TIMEOUT_SECS
        keypad, user, assistant = create_aggregators(
            context,
            keypad_prefix=self.keypad_prefix,
            interruption=interruption,
            turn_silence_secs=silence_secs,
            hide=self._hide(vault),
            fast_path=self.fast_path,
        )
        if isinstance(transport, TelephoneTransport) and isinstance(user, ListeningUserAggregator):
            # The gate hands over pieces of 40 ms as they sound; a longer packet would wait for two.
            transport.use_fast_path(on_audio=user.take_audio, packet_ms=40 if gate else 80)
        connect_playback(transport, gate=gate, latency=latency)
        processors = [
            transport.input(),
            stt,
            keypad,
            *self._redactor(vault),
            *([voicemail.detector()] if voicemail else []),
            user,
            llm,
            *self._redactor(vault),
            *([SentenceAggregator()] if self.sentences else []),
            *([filler] if filler else []),
            *self._restoring(vault, tts),
            *([apology] if apology else []),
            *([voicemail.gate()] if voicemail else []),
            *([gate] if gate else []),
            transport.output(),
            assistant,
        ]
        settle(processors, services.values())
        return processors

    def worker(
        self, transport: BaseTransport, *, outbound: bool = False, **kwargs: Any
    ) -> CallWorker:
        """Make the worker of one call: it greets who connects and stops when they leave.

        Args:
            transport: Where the caller is.
            outbound: Whether the agent made the call.
            **kwargs: Passed to `CallWorker`, and so to Pipecat's `PipelineWorker`; its
                `conversation_id` is also what the latency of the call is reported under.

        Returns:
            The worker, to be added to a `WorkerRunner`.

        Raises:
            ValueError: As `pipeline` does.
            ImportError: As `pipeline` does.
        """
        params = PipelineParams(enable_metrics=True, enable_usage_metrics=True)
        if isinstance(transport, TelephoneTransport):
            # Its own rate all the way, and nobody there to speak RTVI with.
            params.audio_in_sample_rate = params.audio_out_sample_rate = transport.line_rate_hz
            kwargs.setdefault("enable_rtvi", False)
            # Zeros, from one end of the pipeline to the other.
            params.send_initial_empty_metrics = False
        kwargs.setdefault("params", params)
        latency = None
        if self.latency:
            latency = LatencyObserver(
                call_id=kwargs.get("conversation_id") or "",
                budgets=self.latency,
                limits=self.limits,
                end_stuck=True,
            )
        if self.redaction is not None:
            guard_logs()
            kwargs.setdefault("rtvi_processor", RedactingRTVIProcessor())
        if self.interruption:
            told = kwargs.get("rtvi_observer_params") or RTVIObserverParams()
            skipped = [*(told.skip_text_types or []), CUT_TEXT]
            kwargs["rtvi_observer_params"] = replace(told, skip_text_types=skipped)
        interruption = Interruption() if self.interruption else None
        processors = self._processors(transport, outbound, latency, interruption)
        quiet = QuietPipeline if self.redaction is None else GuardedPipeline
        worker = CallWorker(quiet(processors), latency=latency, interruption=interruption, **kwargs)

        greeted = False

        async def greet(*_: Any) -> None:
            nonlocal greeted
            # A lost connection that comes back is the same call.
            if self.greeting and not greeted:
                greeted = True
                await worker.queue_frame(TTSSpeakFrame(self.greeting, append_to_context=True))

        async def leave(*_: Any) -> None:
            await worker.cancel(reason="the caller left")

        if self.voicemail is not None:
            leave_message(worker, processors, message=self.voicemail)
        transport.add_event_handler("on_client_connected", greet)
        transport.add_event_handler("on_client_disconnected", leave)
        return worker

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
            ValueError: If a service name is unknown or a variable that it needs is not set.
            ImportError: If the extra of a named service is not installed.
        """
        for kind, service in self._services.items():
            if isinstance(service, str):
                made = self._make(kind)
                if PROVIDERS[kind][service].slow:
                    self._prewarmed.keep(kind, made)
        if self.apology:
            Apology(recording=self.apology)
        load_tables(self.redaction)
        await load_models()

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
    def _services(self) -> dict[ServiceKind, Service]:
        return dict(zip(ServiceKind, (self.stt, self.llm, self.tts), strict=True))

    @cached_property
    def _prewarmed(self) -> Prewarmed:
        return Prewarmed(self._make)

    def _make(self, kind: ServiceKind) -> FrameProcessor:
        service = self._services[kind]
        if isinstance(service, str):
            return create_service(
                kind,
                service,
                script=self.script,
                instructions=self.instructions,
                settings=self._settings,
            )
        if isinstance(service, FrameProcessor):
            return service
        return make_service(kind, service)

    @cached_property
    def _settings(self) -> "Settings | None":
        """What the environment says, read once for all calls."""
        try:
            from antiphon.pipeline.settings import Settings
        except ImportError:
            # Comes with the services' extras; `create_service` says which is missing.
            return None
        return Settings()

    def _redactor(self, vault: Vault) -> list[FrameProcessor]:
        """What the LLM may read of the caller, of tools and of its own thoughts."""
        if self.redaction is None:
            return []
        return [PIIRedactor(policy=self.redaction, vault=vault, voice="pass")]

    def _restoring(self, vault: Vault, tts: FrameProcessor) -> list[FrameProcessor]:
        """The voice, and before it what gives back the values that it may say."""
        if self.redaction is None or not self.redaction.restorable("tts"):
            return [tts]
        return [PIIRestorer(vault=vault, policy=self.redaction), tts]

    def _hide(self, vault: Vault) -> Callable[[str], str] | None:
        """What the LLM may read of the agent's own words."""
        if self.redaction is None:
            return None
        redactor = Redactor(self.redaction, vault=vault)
        return lambda said: redactor.peek(said, "agent", placeholders=True).text
