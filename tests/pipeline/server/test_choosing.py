"""Each call has the agent that a function chooses for it, and is answered whatever that does."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from loguru import logger

from antiphon.pipeline import VoiceAgent
from antiphon.pipeline.default_agent import SORRY
from antiphon.pipeline.server import IncomingCall, ServerSettings, create_app
from antiphon.pipeline.server.choosing import Agents, agents_of
from antiphon.services import EspeakTTSService
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS
from antiphon.transports import MemoryTransport

SECRET = "hunter2secret"
CALL = IncomingCall(id="CA1", door="twilio", caller="+49301", called="+4930")
KEY = {"Authorization": "Bearer key-of-the-test"}


@pytest.fixture
def errors() -> Iterator[list[str]]:
    told: list[str] = []
    sink = logger.add(lambda message: told.append(message.record["message"]), level="ERROR")
    yield told
    logger.remove(sink)


def agent(said: list[str] | None = None, **options: Any) -> VoiceAgent:
    def voice() -> FakeTTS:
        tts = FakeTTS()

        @tts.event_handler("on_tts_request")
        async def on_tts_request(_: FakeTTS, context_id: str, text: str) -> None:
            if said is not None:
                said.append(text.strip())

        return tts

    return VoiceAgent(
        stt=lambda: FakeSTT(script=()), llm=lambda: FakeLLM(script=()), tts=voice, **options
    )


async def test_two_callers_of_one_server_are_answered_by_two_agents(serving: Any) -> None:
    asked: list[IncomingCall] = []
    said: list[str] = []
    greetings = {"+49301234001": "Good morning, Harbour Supplies.", "+49301234002": "Moin, Hafen!"}

    async def make_agent(call: IncomingCall) -> VoiceAgent:
        asked.append(call)
        return agent(said, greeting=greetings[call.caller or ""])

    async with serving(agent=make_agent) as server:
        for number, (caller, greeting) in enumerate(greetings.items(), start=1):
            call = await server.phone.calls(number)
            await call.hears()
            assert said == [greeting]
            said.clear()
            assert asked[-1] == IncomingCall(
                id=call.call_sid,
                door="twilio",
                caller=caller,
                called="+4930",
                parameters={"from": caller, "to": "+4930"},
            )


async def raises(call: IncomingCall) -> VoiceAgent:
    raise RuntimeError(SECRET)


async def hangs(call: IncomingCall) -> VoiceAgent:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.mark.parametrize("function", [raises, hangs])
async def test_whoever_calls_is_answered_when_there_is_no_agent_of_their_own(
    serving: Any, errors: list[str], monkeypatch: pytest.MonkeyPatch, function: Any
) -> None:
    monkeypatch.setattr("antiphon.pipeline.server.choosing.CHOOSE_SECS", 0.1)
    said: list[str] = []
    default = agent(said, greeting="Hello, this is the shop.")
    async with serving(agent=function, default=default) as server:
        call = await server.phone.calls(1)
        await call.hears()
    assert said == ["Hello, this is the shop."]
    assert len(errors) == 1


class Deaf:
    """Swallows its first cancellation; the test's loop has the second."""

    async def __call__(self, call: IncomingCall) -> VoiceAgent:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.Event().wait()
        raise AssertionError


def raises_plainly(call: IncomingCall) -> VoiceAgent:
    raise KeyError(SECRET)


async def nothing(call: IncomingCall) -> Any:
    return None


def a_word(call: IncomingCall) -> Any:
    return SECRET


async def a_class(call: IncomingCall) -> Any:
    return VoiceAgent


async def cancels_itself(call: IncomingCall) -> Any:
    raise asyncio.CancelledError


async def wants_no_call() -> Any:
    return VoiceAgent()


async def lacks_something(call: IncomingCall) -> VoiceAgent:
    return VoiceAgent(stt="assembly")


BAD: list[tuple[Any, str]] = [
    (raises, "RuntimeError at "),
    (raises_plainly, "KeyError at "),
    (hangs, "it took longer than 1 s"),
    (Deaf(), "it took longer than 1 s"),
    (nothing, "it returned <class 'NoneType'>, and not a VoiceAgent"),
    (a_word, "it returned <class 'str'>, and not a VoiceAgent"),
    (a_class, "it returned <class 'type'>, and not a VoiceAgent"),
    (cancels_itself, "it was cancelled"),
    (wants_no_call, "TypeError"),
    (lacks_something, "unknown stt service 'assembly': did you mean 'assemblyai'?"),
]


@pytest.mark.looptime
@pytest.mark.parametrize(("function", "told"), BAD)
async def test_what_a_function_does_wrong_is_told_in_one_line(
    errors: list[str], function: Any, told: str
) -> None:
    default = agent()
    started_at = asyncio.get_running_loop().time()
    assert await Agents(default, function=function).choose(CALL) is default
    assert asyncio.get_running_loop().time() - started_at <= 1.0
    (line,) = errors
    assert line.startswith("no agent of its own for this call, the default answers: ")
    assert told in line
    assert SECRET not in line
    assert "\n" not in line


async def test_a_function_that_is_not_async_holds_up_nobody(
    errors: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("antiphon.pipeline.server.choosing.CHOOSE_SECS", 0.1)
    default, own, over = agent(), agent(), threading.Event()

    def blocks(call: IncomingCall) -> VoiceAgent:
        over.wait(30)
        return own

    agents = Agents(default, function=blocks)
    calls = [agents.choose(CALL) for _ in range(6)]
    assert [await choice for choice in asyncio.as_completed(calls)] == [default] * 6
    assert len(errors) == 6
    over.set()


@pytest.mark.parametrize("is_async", [True, False])
async def test_a_function_returns_an_agent_of_its_own(is_async: bool) -> None:
    own = agent()

    async def slowly(call: IncomingCall) -> VoiceAgent:
        await asyncio.sleep(0)
        return own

    function: Callable[..., Any] = slowly if is_async else lambda call: own
    assert await Agents(agent(), function=function).choose(CALL) is own
    # What returns a coroutine is as good as what is one.
    assert await Agents(agent(), function=lambda call: slowly(call)).choose(CALL) is own


async def test_an_agent_that_cannot_be_composed_is_none(serving: Any, errors: list[str]) -> None:
    said: list[str] = []
    used = EspeakTTSService()
    VoiceAgent(tts=used).pipeline(MemoryTransport())

    async def make_agent(call: IncomingCall) -> VoiceAgent:
        return VoiceAgent(tts=used)

    default = agent(said, greeting="Hello, this is the shop.")
    async with serving(agent=make_agent, default=default) as server:
        call = await server.phone.calls(1)
        await call.hears()
    assert said == ["Hello, this is the shop."]
    (line,) = errors
    assert "has served a call" in line


def test_without_a_default_one_that_is_sorry_answers() -> None:
    agents = agents_of(raises)
    assert isinstance(agents.default, VoiceAgent)
    assert agents.default.greeting == SORRY
    agents.default.pipeline(MemoryTransport())


def test_a_class_is_made_once_for_all_calls() -> None:
    class Desk(VoiceAgent):
        pass

    agents = agents_of(Desk)
    assert isinstance(agents.default, Desk)
    assert agents.function is None


@pytest.mark.parametrize("given", [None, "module:agent", 7, dict])
def test_what_is_no_agent_is_refused_as_the_server_is_made(given: Any) -> None:
    with pytest.raises(ValueError, match="is no VoiceAgent, and no function that makes one"):
        create_app(given, settings=ServerSettings())


def test_a_function_that_takes_no_call_is_refused_as_the_server_is_made() -> None:
    function: Any = wants_no_call
    with pytest.raises(ValueError, match=r"^wants_no_call is given each call, and takes none: "):
        create_app(function, settings=ServerSettings())


def test_a_default_that_can_answer_only_once_is_refused() -> None:
    with pytest.raises(ValueError, match="is one object and serves one call"):
        create_app(raises, default=VoiceAgent(tts=EspeakTTSService()), settings=ServerSettings())


async def test_the_start_of_a_websocket_carries_parameters_to_the_agent(serving: Any) -> None:
    asked: asyncio.Queue[IncomingCall] = asyncio.Queue()

    async def make_agent(call: IncomingCall) -> VoiceAgent:
        await asked.put(call)
        return agent()

    async with serving("websocket", agent=make_agent) as server:
        body = {"parameters": {"customer": "42", "language": "de"}}
        url = f"{server.base}/websocket/start"
        async with server.session.post(url, json=body, headers=KEY) as response:
            start = await response.json()
        async with server.session.ws_connect(start["url"]):
            call = await asyncio.wait_for(asked.get(), 10)
        assert (call.door, call.parameters) == ("websocket", body["parameters"])
        for wrong in ({"parameters": {"a": {}}}, {"parameters": {str(n): "" for n in range(33)}}):
            async with server.session.post(url, json=wrong, headers=KEY) as response:
                assert response.status == 422


async def test_a_caller_whom_nobody_took_is_back_with_what_was_said(office: Any) -> None:
    asked: list[IncomingCall] = []
    said: list[str] = []

    async def make_agent(call: IncomingCall) -> VoiceAgent:
        asked.append(call)
        return agent(said, greeting="Hello.")

    async with office(agent=make_agent) as server:
        state = server.app.state.calls.state
        handoff = {"summary": "The bill is wrong.", "transcript": ["user: My bill is wrong."]}
        key = await state.keep(handoff)
        form = {"CallSid": f"CA{1:032x}", "DialCallStatus": "no-answer", "From": "+49301234001"}
        twiml = await server.phone.asks(f"/twilio/transferred?handoff={key}", form)
        call = await server.phone.connects(twiml, 1)
        await call.hears()
    assert asked[0].context == handoff
    assert asked[0].caller == "+49301234001"
    assert asked[0].parameters == {"from": "+49301234001", "transfer": "no-answer"}


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_command_names_the_function_and_the_default(
    start_worker: Any, phone_to: Any, port: int, workers: int
) -> None:
    agent = ["--agent", "parrot:parrot_for_one", "--default-agent", "parrot:crash"]
    await start_worker(port, workers=workers, agent=agent)
    phone = phone_to(port)
    assert await (await phone.calls(1)).is_answered()
    assert not await (await phone.calls(2)).is_answered()
