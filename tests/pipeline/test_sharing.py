"""No call hears another: what would be shared is refused when the second call is composed."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from pipecat.pipeline.llm_switcher import LLMSwitcher
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.filters.identity_filter import IdentityFilter
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.llm_service import LLMService
from pipecat.workers.runner import WorkerRunner

from antiphon.pipeline import VoiceAgent
from antiphon.pipeline.server import ServerSettings, create_app
from antiphon.pipeline.talk.app import create_talk_app
from antiphon.pipeline.worker import CallWorker
from antiphon.processors.redaction import PIIRedactor
from antiphon.services import EspeakTTSService
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS
from antiphon.transports import MemoryTransport

Compose = Callable[[VoiceAgent], Any]

GREETING = "Good morning, this is the shop."

ONE_CALL = "has served a call: give the name of a provider, the class EspeakTTSService, or a func"


def worker(agent: VoiceAgent) -> CallWorker:
    return agent.worker(MemoryTransport(), enable_rtvi=False)


def pipeline(agent: VoiceAgent) -> Pipeline:
    return agent.pipeline(MemoryTransport())


async def call(agent: VoiceAgent, secs: float = 6.0) -> float:
    """Call an agent, listen, hang up, and return how many seconds it was heard to speak."""
    transport = MemoryTransport()
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(agent.worker(transport, enable_rtvi=False))
    running = asyncio.create_task(runner.run())
    await transport.connect()
    await asyncio.sleep(secs)
    await transport.disconnect()
    await running
    sounds = [chunk for chunk in transport.played if any(chunk.pcm)]
    return sounds[-1].at_secs - sounds[0].at_secs if sounds else 0.0


@pytest.mark.parametrize("compose", [worker, pipeline])
async def test_a_second_call_on_one_object_is_refused_a_hundred_times_of_a_hundred(
    compose: Compose,
) -> None:
    for _ in range(100):
        agent = VoiceAgent(
            stt=lambda: FakeSTT(script=()), llm=lambda: FakeLLM(script=()), tts=EspeakTTSService()
        )
        compose(agent)
        with pytest.raises(ValueError, match=ONE_CALL):
            compose(agent)


@pytest.mark.virtual_time
async def test_a_second_call_on_one_object_is_refused_beside_the_first_and_after_it() -> None:
    alone = await call(VoiceAgent(tts=EspeakTTSService, greeting=GREETING))
    agent = VoiceAgent(tts=EspeakTTSService(), greeting=GREETING)
    first, second = await asyncio.gather(call(agent), call(agent), return_exceptions=True)
    assert first == pytest.approx(alone, abs=0.1)
    assert isinstance(second, ValueError)
    with pytest.raises(ValueError, match=ONE_CALL):
        await call(agent)


@pytest.mark.parametrize("compose", [worker, pipeline])
def test_an_object_in_two_agents_or_in_two_places_is_refused(compose: Compose) -> None:
    tts = FrameProcessor()
    with pytest.raises(ValueError, match="FrameProcessor"):
        compose(VoiceAgent(llm=tts, tts=tts))
    tts = EspeakTTSService()
    compose(VoiceAgent(tts=tts))
    with pytest.raises(ValueError, match=ONE_CALL):
        compose(VoiceAgent(tts=tts, greeting="Hello."))

    used = EspeakTTSService()
    Pipeline([used])
    with pytest.raises(ValueError, match=ONE_CALL):
        compose(VoiceAgent(tts=used))


@pytest.mark.virtual_time
async def test_calls_whose_services_are_made_for_each_hear_only_their_own_greeting() -> None:
    agents = [
        VoiceAgent(tts=EspeakTTSService, greeting=GREETING),
        VoiceAgent(tts=lambda: EspeakTTSService(), greeting=f"{GREETING} We are closed today."),
    ]
    alone = [await call(agent) for agent in agents]
    assert alone[1] > alone[0] + 1.0
    assert await asyncio.gather(*map(call, agents * 2)) == pytest.approx(alone * 2, abs=0.1)


def test_a_service_is_made_for_each_call_when_it_is_composed() -> None:
    made: list[EspeakTTSService] = []

    def make() -> EspeakTTSService:
        made.append(EspeakTTSService())
        return made[-1]

    agent = VoiceAgent(tts=make)
    assert made == []
    calls = [pipeline(agent), pipeline(agent)]
    assert len(made) == 2
    assert all(tts in call.processors for tts, call in zip(made, calls, strict=True))


def fails() -> FrameProcessor:
    raise KeyError("ELEVENLABS_API_KEY")


class NeedsAKey(FakeTTS):
    """A service that cannot be made without arguments."""

    def __init__(self, *, api_key: str) -> None:
        super().__init__()


async def too_late() -> FrameProcessor:
    return FakeTTS()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (fails, r"^tts=fails, called without arguments, raised KeyError: 'ELEVENLABS_API_KEY'$"),
        (NeedsAKey, r"^tts=NeedsAKey, called without arguments, raised TypeError: .*'api_key'$"),
        (dict, r"^tts=dict returned \{\}: it must return a Pipecat service, a new one each time$"),
        (lambda: None, r"^tts=<lambda> returned None: it must return a Pipecat service, a new"),
        (too_late, r"^tts=too_late returned <coroutine"),
    ],
)
@pytest.mark.parametrize("compose", [worker, pipeline])
def test_a_function_that_makes_no_service_is_told_in_one_line(
    given: Any, told: str, compose: Compose
) -> None:
    with pytest.raises(ValueError, match=told) as refusal:
        compose(VoiceAgent(tts=given))
    assert "\n" not in str(refusal.value)


def test_a_function_that_gives_the_same_service_again_is_told_so() -> None:
    tts = EspeakTTSService()

    def always_the_same() -> EspeakTTSService:
        return tts

    agent = VoiceAgent(tts=always_the_same)
    pipeline(agent)
    with pytest.raises(ValueError, match=r"always_the_same returned .* must make a new Espeak"):
        pipeline(agent)


@pytest.mark.parametrize("given", [7, None, ["embedded"]])
def test_what_can_be_no_service_is_refused_as_it_is_given(given: Any) -> None:
    with pytest.raises(TypeError, match="give the name of a provider, or a class or function"):
        VoiceAgent(tts=given)


@pytest.mark.parametrize("given", [FakeLLM(script=()), lambda: FakeLLM(script=())])
def test_a_service_in_the_place_of_another_kind_is_refused(given: Any) -> None:
    told = r"^tts=FakeLLM#\d+ is of the kind LLMService: give it as llm, and one of the kind TTS"
    with pytest.raises(ValueError, match=told):
        pipeline(VoiceAgent(tts=given))


@pytest.mark.parametrize("given", ["strict", True, False])
def test_what_is_no_policy_is_refused_as_it_is_given(given: Any) -> None:
    with pytest.raises(TypeError, match=f"{given!r}.*Policy.preset"):
        VoiceAgent(redaction=given)
    with pytest.raises(TypeError, match=f"{given!r}.*Policy.preset"):
        PIIRedactor(policy=given)


def test_a_service_inside_two_switchers_is_refused_and_the_first_call_keeps_it() -> None:
    models: list[LLMService[Any]] = [FakeLLM(script=()), FakeLLM(script=())]
    agent = VoiceAgent(llm=lambda: LLMSwitcher(llms=models))
    pipeline(agent)
    neighbours = [(model.previous, model.next) for model in models]
    with pytest.raises(ValueError, match="which has served a call: it must make a new FakeLLM"):
        pipeline(agent)
    assert [(model.previous, model.next) for model in models] == neighbours
    assert all(
        before and before.next is model
        for model, (before, _) in zip(models, neighbours, strict=True)
    )


def test_a_service_of_one_call_wrapped_for_another_is_refused_and_the_first_call_keeps_it() -> None:
    tts = EspeakTTSService()
    first = pipeline(VoiceAgent(tts=tts))
    before, after = tts.previous, tts.next
    with pytest.raises(ValueError, match="which has served a call: it must make a new EspeakTTS"):
        pipeline(VoiceAgent(tts=lambda: Pipeline([tts])))
    assert tts in first.processors
    assert (tts.previous, tts.next) == (before, after)
    assert before
    assert before.next is tts


def test_a_class_that_makes_one_object_for_all_is_refused() -> None:
    class OneForAll(FakeTTS):
        made: "OneForAll | None" = None

        def __new__(cls) -> "OneForAll":
            cls.made = cls.made or super().__new__(cls)
            return cls.made

    agent = VoiceAgent(tts=OneForAll)
    pipeline(agent)
    with pytest.raises(ValueError, match="which has served a call: it must make a new OneForAll"):
        pipeline(agent)


def test_a_transport_for_two_calls_is_refused() -> None:
    transport = MemoryTransport()
    agent = VoiceAgent()
    agent.pipeline(transport)
    with pytest.raises(ValueError, match="make another transport for each call"):
        agent.worker(transport)


@pytest.mark.parametrize("given", ["memory", MemoryTransport, None])
def test_what_is_no_transport_is_told_in_one_line(given: Any) -> None:
    with pytest.raises(TypeError, match=r" is no transport: give create_transport\('memory'\)"):
        VoiceAgent().worker(given)


def test_a_call_that_could_not_be_composed_has_used_nothing_up() -> None:
    tts, transport = EspeakTTSService(), MemoryTransport()
    with pytest.raises(ValueError, match="unknown llm service"):
        VoiceAgent(llm="nobody", tts=tts).pipeline(transport)
    VoiceAgent(tts=tts).pipeline(transport)


def test_a_pipeline_in_two_workers_is_refused() -> None:
    composed = Pipeline([IdentityFilter()])
    CallWorker(composed)
    with pytest.raises(ValueError, match="compose a pipeline for each call"):
        CallWorker(composed)


@pytest.mark.parametrize(
    "server", [lambda agent: create_app(agent, settings=ServerSettings()), create_talk_app]
)
def test_a_server_refuses_an_agent_that_can_answer_only_once(server: Compose) -> None:
    with pytest.raises(ValueError, match=r"tts=EspeakTTSService#.* is one object and serves one"):
        server(VoiceAgent(tts=EspeakTTSService()))
    server(VoiceAgent(tts=EspeakTTSService))
