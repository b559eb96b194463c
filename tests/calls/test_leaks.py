"""Nothing that a caller says in confidence leaves a whole composed call, by whatever way."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.openai.realtime.events import (
    AudioConfiguration,
    AudioInput,
    InputAudioTranscription,
    SessionProperties,
)
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService

from antiphon.core.reaching_in import close_client
from antiphon.pipeline import VoiceAgent
from antiphon.processors.redaction import Policy
from antiphon.simulation.call import simulate_call
from antiphon.simulation.caller import Caller, HangUp, Press, Say
from antiphon.simulation.caller.caller import FarEnd
from antiphon.simulation.caller.script import Step
from antiphon.simulation.fakes import Failure, FakeLLM, FakeSTT, FakeTTS
from antiphon.simulation.fakes.llm import Reply, ToolCall
from antiphon.simulation.recording import CallRecorder, StereoRecording
from antiphon.simulation.recording.recorder import write_transcript
from antiphon.simulation.report import write_report
from antiphon.simulation.scenarios.by_phone import OwnDoor
from antiphon.simulation.vendors.openai import OpenAIServer
from antiphon.simulation.vendors.openai_realtime import OpenAIRealtimeServer
from antiphon.transports import MemoryTransport

from .leaks import (
    CARD,
    CARD_SPOKEN,
    CVV,
    CVV_SPOKEN,
    MAIL,
    MAIL_SPOKEN,
    SSN,
    SSN_SPOKEN,
    Ways,
    leaks,
    watched,
)

POLICIES = {"default": None, "strict": Policy.preset("strict")}
# By default the model may know who it talks to, and a simulated call's files tell what it read.
MODEL_MAY_KNOW = ["model: mail", "files: mail"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"card {CARD}", "card"),
        ("4539 1488 0343 6467", "card"),
        ("4539-1488-0343-6467", "card"),
        (CARD_SPOKEN, "card"),
        ("um eight eight oh three four three six then", "card"),
        ('{"data": 4539148803436467.0}', "card"),
        ("4.539148803436467e15", "card"),
        ('"4", "5", "3", "9", "1", "4", "8", "8", "0", "3"', "card"),
        (SSN_SPOKEN, "ssn"),
        ("536-22-1847", "ssn"),
        (f"code {CVV}.", "cvv"),
        (f"it is {CVV_SPOKEN}", "cvv"),
        (MAIL, "mail"),
        (MAIL_SPOKEN, "mail"),
    ],
)
def test_the_searcher_finds_each_spelling(text: str, kind: str) -> None:
    assert kind in {leak.split(":")[0] for leak in leaks(text)}


@pytest.mark.parametrize(
    "text",
    [
        "<CREDIT_CARD> ending",
        "took 0.917 s at 12:39:17.917, in 917.25 s",
        "id 4a4539148f, port 45391",
        "one two",
        "marguerite dot osgood at quillfeather",
    ],
)
def test_the_searcher_finds_nothing_in_ordinary_text(text: str) -> None:
    assert leaks(text) == []


@pytest.fixture(params=POLICIES)
def make_agent(request: pytest.FixtureRequest) -> Callable[..., VoiceAgent]:
    policy = POLICIES[request.param]

    def make(**options: Any) -> VoiceAgent:
        return VoiceAgent(**options, **({"redaction": policy} if policy else {}))

    return make


@pytest.fixture
def ways() -> Iterator[Ways]:
    with watched() as found:
        yield found


async def called(agent: VoiceAgent, ways: Ways, folder: Path, *steps: Step) -> None:
    """Call an agent, and keep what it tells its client and leaves in a folder."""
    transport = MemoryTransport()
    with left_in(folder, ways, transport) as recorder:
        worker = agent.worker(
            transport, observers=[*recorder.observers], enable_tracing=True, conversation_id="c1"
        )
        ways.follow(worker)
        caller = Caller(transport, [*steps, HangUp()], listeners=[recorder])
        await simulate_call(caller, worker)
    ways.tell(transport.messages)
    assert ways.told
    assert len(ways.metrics) > 3


@contextmanager
def left_in(folder: Path, ways: Ways, far_end: FarEnd) -> Iterator[CallRecorder]:
    """Record a call in a folder as `antiphon simulate` does."""
    with StereoRecording(folder / "call.wav") as wav:
        recorder = CallRecorder(far_end, title="leaks", wav=wav)
        yield recorder
    write_transcript(folder / "transcript.jsonl", recorder.record())
    write_report(folder / "report.html", recorder.record(), recording=folder / "call.wav")
    ways.read(folder)
    assert len(ways.log) > 100
    assert ways.files


def says(*steps: Step) -> FakeSTT:
    return FakeSTT(script=[step.text for step in steps if isinstance(step, Say)])


def model(ways: Ways, reply: Callable[[list[Any]], Reply]) -> FakeLLM:
    """A model that keeps what it is sent and answers it."""

    def answer(context: LLMContext) -> Reply:
        messages = list(context.get_messages())
        ways.model.append(json.dumps(messages, ensure_ascii=False, default=str))
        return reply(messages)

    return FakeLLM(script=answer)


def last(messages: list[Any], role: str) -> str:
    return next((str(m["content"]) for m in reversed(messages) if m.get("role") == role), "")


def say(text: str) -> Say:
    """A line of which the caller's own transcript, which is in the report, tells nothing."""
    return Say(text=text, transcript="(withheld)")


SPOKEN = [
    say(f"hello there my card number is {CARD_SPOKEN}"),
    say(f"4539 1488 0343 6467 and {CVV_SPOKEN}"),
    say(f"it is {SSN_SPOKEN}"),
    say(f"my e-mail address is {MAIL_SPOKEN}"),
]
QUESTIONS = [
    "The card number again, and the security code?",
    "What is your social security number?",
    "And your e-mail address?",
    "Thank you.",
]


@pytest.mark.system
@pytest.mark.looptime
@pytest.mark.timeout(180)
async def test_what_is_spoken(
    make_agent: Callable[..., VoiceAgent], ways: Ways, tmp_path: Path
) -> None:
    questions = iter(QUESTIONS)
    agent = make_agent(
        stt=says(*SPOKEN),
        llm=model(ways, lambda m: f"You said {last(m, 'user')}. {next(questions, '')}"),
        tts=FakeTTS(),
    )
    await called(agent, ways, tmp_path, *SPOKEN)

    assert "hello there" in "".join(ways.model)
    assert "CREDIT_CARD" in "".join(ways.model)
    assert ways.leaks(but=MODEL_MAY_KNOW) == {}


@pytest.mark.system
@pytest.mark.looptime
@pytest.mark.timeout(180)
async def test_what_is_keyed(ways: Ways, tmp_path: Path) -> None:
    steps = [
        say("hello there i would like to pay please"),
        Press(keys=f"{CARD}#", after_secs=0.3),
        Press(keys=f"{CVV}#", after_secs=0.3),
        say("thank you"),
    ]
    questions = iter(["What is the card number?", "And the security code?", "Thank you."])
    agent = VoiceAgent(
        stt=says(*steps), llm=model(ways, lambda _: next(questions, "Yes.")), tts=FakeTTS()
    )
    await called(agent, ways, tmp_path, *steps)

    assert "DTMF: <" in "".join(ways.model)
    assert ways.leaks() == {}


@pytest.mark.system
@pytest.mark.looptime
@pytest.mark.timeout(180)
async def test_an_agent_that_redacts_nothing_is_found_out(ways: Ways, tmp_path: Path) -> None:
    steps = [say(f"my card number is {CARD_SPOKEN}")]
    agent = VoiceAgent(
        stt=says(*steps),
        llm=model(ways, lambda m: f"You said {last(m, 'user')}"),
        tts=FakeTTS(),
        redaction=None,
    )
    await called(agent, ways, tmp_path, *steps)

    assert {"model", "told", "files"} <= set(ways.leaks())


def tool(answer: Callable[[FunctionCallParams], Any]) -> Any:
    async def look_up(params: FunctionCallParams) -> None:
        """Look up the caller."""
        await params.result_callback(answer(params))

    return look_up


def in_turn(*replies: Reply) -> Callable[[list[Any]], Reply]:
    """Calls tools and says lines in turn, and reads out what a tool has given in between."""
    left = iter(replies)

    def reply(messages: list[Any]) -> Reply:
        if messages[-1].get("role") == "tool":
            return f"It says {messages[-1]['content']}"
        return next(left, "Thank you.")

    return reply


RESULTS: dict[str, Any] = {
    "a string": {"card": f"{CARD}", "code": f"cvv {CVV}", "mail": MAIL},
    "a float": {"card_number": float(CARD), "ssn": float(SSN)},
    "a whole number": {"card_number": int(CARD), "ssn": int(SSN)},
    "a key": {CARD: {"mail": MAIL, f"cvv {CVV}": True}, SSN: 1},
    "nested": {"payments": [{"methods": [[f"4539 1488 0343 6467 cvv {CVV}"], {"on_file": MAIL}]}]},
    "a data address": {"link": f"data:text/plain,{CARD} {SSN}"},
}


@pytest.mark.system
@pytest.mark.looptime
@pytest.mark.timeout(180)
async def test_what_a_tool_gives(ways: Ways, tmp_path: Path) -> None:
    steps = [say("what do you know of me")]
    agent = VoiceAgent(
        stt=says(*steps),
        llm=model(ways, in_turn(ToolCall(name="look_up"))),
        tts=FakeTTS(),
        tools=[tool(lambda _: [{kind: result} for kind, result in RESULTS.items()])],
        redaction=POLICIES["strict"],
    )
    await called(agent, ways, tmp_path, *steps)

    assert len(ways.model) == 2
    assert ways.leaks() == {}


@pytest.mark.system
@pytest.mark.looptime
@pytest.mark.timeout(180)
async def test_what_a_tool_raises(
    make_agent: Callable[..., VoiceAgent], ways: Ways, tmp_path: Path
) -> None:
    def fail(_: FunctionCallParams) -> None:
        raise ValueError(f"no account for card {CARD} of {MAIL}, ssn {SSN}, cvv {CVV}")

    steps = [say("what do you know of me")]
    agent = make_agent(
        stt=says(*steps),
        llm=model(ways, in_turn(ToolCall(name="look_up"))),
        tts=FakeTTS(),
        tools=[tool(fail)],
    )
    await called(agent, ways, tmp_path, *steps)

    assert ways.leaks(but=MODEL_MAY_KNOW) == {}


@pytest.mark.system
@pytest.mark.looptime
@pytest.mark.timeout(180)
async def test_what_a_vendor_quotes_in_an_error(
    make_agent: Callable[..., VoiceAgent], ways: Ways, tmp_path: Path
) -> None:
    steps = [say("hello there"), say("are you there")]
    quoted = f'400 {{"messages": [{{"content": "card {CARD}, {MAIL}, ssn {SSN}, cvv {CVV}"}}]}}'
    agent = make_agent(
        stt=says(*steps),
        llm=model(ways, in_turn(Failure(message=quoted), "I am.")),
        tts=FakeTTS(failures={0: Failure(message=quoted)}),
    )
    await called(agent, ways, tmp_path, *steps)

    assert ways.leaks() == {}


@pytest.mark.system
@pytest.mark.looptime
@pytest.mark.timeout(180)
async def test_what_a_model_over_the_network_is_sent(ways: Ways, tmp_path: Path) -> None:
    lines = iter(QUESTIONS)
    async with OpenAIServer(script=lambda _: next(lines, "")) as server:
        llm = OpenAILLMService(base_url=server.url, api_key="any")
        agent = VoiceAgent(stt=says(*SPOKEN[:2]), llm=llm, tts=FakeTTS())
        await called(agent, ways, tmp_path, *SPOKEN[:2])
        # Pipecat 1.14 leaves the client's idle connections open.
        await close_client(llm)
        ways.model += [json.dumps(body, ensure_ascii=False) for body in server.requests]

    assert "CREDIT_CARD" in ways.model[-1]
    assert ways.leaks(but=MODEL_MAY_KNOW) == {}
    assert any('"llm' in span for span in ways.spans)


@pytest.mark.system
@pytest.mark.looptime
@pytest.mark.timeout(180)
async def test_a_call_by_phone(ways: Ways, tmp_path: Path) -> None:
    lines = iter(["What is the card number?", "And the security code?", "Thank you."])
    steps = [
        say(f"hello there my card number is {CARD_SPOKEN}"),
        Press(keys=f"{CARD}#", after_secs=0.3),
        Press(keys=f"{CVV}#", after_secs=0.3),
    ]
    async with OpenAIServer(script=lambda _: next(lines, "")) as server:
        llm = OpenAILLMService(base_url=server.url, api_key="any")
        agent = VoiceAgent(stt=says(*steps), llm=llm, tts=FakeTTS())
        with closing(OwnDoor()) as door, left_in(tmp_path, ways, door) as recorder:
            async with door.open(agent, recorder):
                await Caller(door, [*steps, HangUp()], listeners=[recorder]).call()
        await close_client(llm)
        ways.model += [json.dumps(body, ensure_ascii=False) for body in server.requests]

    assert "DTMF: <CREDIT_CARD>" in ways.model[-1]
    assert ways.leaks() == {}


def realtime(server: OpenAIRealtimeServer) -> OpenAIRealtimeLLMService:
    heard = AudioInput(transcription=InputAudioTranscription())
    return OpenAIRealtimeLLMService(
        api_key="any",
        base_url=server.url,
        settings=OpenAIRealtimeLLMService.Settings(
            session_properties=SessionProperties(audio=AudioConfiguration(input=heard))
        ),
    )


@pytest.mark.system
@pytest.mark.virtual_time
@pytest.mark.timeout(180)
async def test_what_a_speech_to_speech_model_hears_says_and_asks_of_tools(
    ways: Ways, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It tells of every packet of sound, in letters and digits.
    monkeypatch.setattr(logging.getLogger("websockets.client"), "level", logging.INFO)
    given: list[str] = []
    details = {"card": CARD, "cvv": CVV, "ssn": SSN, "email": MAIL}

    async def look_up(
        params: FunctionCallParams, card: str, cvv: str, ssn: str, email: str
    ) -> None:
        """Look up the caller.

        Args:
            card: Card.
            cvv: Code.
            ssn: Number.
            email: Address.
        """
        given.append(json.dumps([dict(params.arguments), card, cvv, ssn]))
        await params.result_callback({"found": RESULTS["a string"], "status": "gold"})

    def reply(asked: dict[str, Any]) -> Any:
        messages = asked["messages"]
        if messages[-1].get("role") == "tool":
            return f"It says {CARD_SPOKEN}, {CVV_SPOKEN}, {SSN_SPOKEN} and {MAIL_SPOKEN}."
        if last(messages, "user") == CVV_SPOKEN:
            return {"tool": "look_up", "arguments": details}
        return f"You said {last(messages, 'user')}. And the security code?"

    said = [say(f"my card is {CARD_SPOKEN} and {SSN_SPOKEN} and {MAIL_SPOKEN}"), say(CVV_SPOKEN)]
    heard = [step.text for step in said]
    async with OpenAIRealtimeServer(heard=heard, script=reply) as server:
        agent = VoiceAgent(realtime=lambda: realtime(server), tools=[look_up])
        await called(agent, ways, tmp_path, *said)
        ways.model += [
            json.dumps(event, ensure_ascii=False)
            for event in server.received
            if event["type"] != "input_audio_buffer.append"
        ]
        known = json.dumps(server.requests)

    assert leaks(known)
    assert "gold" in "".join(ways.model)
    assert "my card is" in "".join(ways.told)
    assert "CREDIT_CARD" in "".join(ways.told)
    ways.model += given
    # A simulated call's files tell what a model has asked of a tool, and this one has heard it.
    asked_of_tools = [f"files: {kind}" for kind in ("card", "ssn", "cvv", "mail")]
    assert ways.leaks(but=[*MODEL_MAY_KNOW, *asked_of_tools]) == {}
