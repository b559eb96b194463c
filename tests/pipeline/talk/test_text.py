"""`antiphon talk --text`: what is typed is answered in print, by the same agent, without sound."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from pipecat.processors.aggregators.llm_context import LLMContext
from typer.testing import CliRunner

from antiphon.pipeline import LatencySettings, VoiceAgent
from antiphon.pipeline.cli.command import app
from antiphon.pipeline.default_agent import order_desk
from antiphon.pipeline.talk.free import conversationalist
from antiphon.pipeline.talk.text import WITHOUT_SOUND, converse, without_sound
from antiphon.services import ScriptedLLMService
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS, Latency
from antiphon.simulation.fakes.behaviour import Failure
from antiphon.simulation.fakes.llm import Reply, ToolCall

HELLO = "Agent: Hello, this is the order desk. How can I help you?\n"
BYE = "Agent: Thank you for calling. Goodbye!\n"


async def conversation(
    agent: VoiceAgent, *lines: str, prompt: str = ""
) -> tuple[str, list[str], bool]:
    """What was written, what was complained of, and whether all was answered."""
    left, written, faults = [f"{line}\n" for line in lines], [], list[str]()
    answered = await converse(
        agent,
        read=lambda: left.pop(0) if left else "",
        write=written.append,
        complain=faults.append,
        prompt=prompt,
    )
    return "".join(written), faults, answered


def desk() -> VoiceAgent:
    return order_desk(**WITHOUT_SOUND, look_up_secs=0.0, llm=scripted)


def scripted() -> ScriptedLLMService:
    return ScriptedLLMService(ttft_secs=0.0, tokens_per_sec=10_000)


def model(script: Sequence[Reply] | Callable[[LLMContext], Reply]) -> Callable[[], FakeLLM]:
    return lambda: FakeLLM(script=script, latency=Latency(median=0.0), tokens_per_second=10_000)


@pytest.mark.parametrize(
    ("lines", "written"),
    [
        ([], ""),
        (["Can I pay by card?"], "Agent: Yes, you can. Please read me your card number.\n"),
        (
            ["my order number is 427", "", "   ", "yes", "my order number is 31"],
            "Agent: Order 4 2 7, is that right?\n"
            "Agent: Your order 4 2 7 is on its way, and it should arrive tomorrow afternoon.\n"
            "Agent: Order 3 1, is that right?\n",
        ),
        # The agent hangs up, whatever else there is to read.
        (["Thank you, goodbye.", "can i pay by card"], BYE),
    ],
)
async def test_each_line_is_a_turn_until_the_agent_has_said_goodbye(
    lines: list[str], written: str
) -> None:
    assert await conversation(desk(), *lines) == (HELLO + written, [], True)


async def test_a_person_is_prompted_and_ends_it_with_the_end_of_the_input() -> None:
    written, _, _ = await conversation(desk(), "can i pay by card", prompt="You: ")
    assert written == HELLO + (
        "You: Agent: Yes, you can. Please read me your card number.\nYou: \n"
    )


async def test_what_a_voice_would_not_say_is_not_printed() -> None:
    agent = VoiceAgent(llm=model(["**Two** things: [this](https://x.example)."]), **WITHOUT_SOUND)
    assert (await conversation(agent, "hi"))[0] == "Agent: Two things: this.\n"


async def test_a_model_reads_what_it_would_in_a_call() -> None:
    read: list[Any] = []

    def answer(context: LLMContext) -> str:
        read.extend(m.get("content") for m in context.get_messages() if isinstance(m, dict))
        return "Thank you."

    agent = VoiceAgent(greeting="Hello.", llm=model(answer), **WITHOUT_SOUND)
    await conversation(agent, "my card number is 4539 1488 0343 6467", "bye")
    hidden = "my card number is <CREDIT_CARD>"
    assert read == ["Hello.", hidden, "Hello.", hidden, "Thank you.", "bye"]


async def test_an_agent_with_ears_and_a_voice_is_taken_as_it_is() -> None:
    agent = VoiceAgent(
        greeting="Good morning.",
        stt=lambda: FakeSTT(script=[]),
        llm=model(["It is open."]),
        tts=lambda: FakeTTS(),
        latency=LatencySettings(),
        languages=["en", "es"],
        sentences=None,
        pronunciations={"Nguyen": "win"},
    )
    written, _, _ = await conversation(without_sound(agent), "is it open")
    assert written == "Agent: Good morning.\nAgent: It is open.\n"


async def test_a_model_that_fails_is_told_of_and_the_conversation_goes_on() -> None:
    agent = VoiceAgent(llm=model([Failure(message="overloaded"), "Here."]), **WITHOUT_SOUND)
    written, faults, answered = await conversation(agent, "one", "two")
    assert (written, answered) == ("Agent: Here.\n", False)
    assert len(faults) == 1
    assert "overloaded" in faults[0]


async def test_a_model_may_hang_up() -> None:
    replies = ["Rivers.", "Goodbye then.", ToolCall(name="hang_up")]
    agent = conversationalist(**WITHOUT_SOUND, llm=model(replies))
    written, faults, _ = await conversation(agent, "which topic", "bye", "hang up", "more")
    assert written.splitlines()[1:] == ["Agent: Rivers.", "Agent: Goodbye then."]
    assert faults == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--llm", "openai"], "needs OPENAI_API_KEY or OPENAI_BASE_URL"),
        (["--llm", "nonsense"], "unknown llm service 'nonsense'"),
        (["--llm", "ollama/llama3.2"], "Does its server run? OLLAMA_BASE_URL says where"),
        (["--tts", "cartesia"], "--tts is for a page"),
        (["--agent", "nowhere:agent"], "No module named 'nowhere'"),
    ],
)
def test_what_is_missing_is_one_line(
    arguments: list[str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setenv("OLLAMA_BASE_URL", "http://127.0.0.1:1/v1")
    result = CliRunner().invoke(app, ["talk", "--text", *arguments])
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("antiphon talk: ")
    assert told in line
    assert result.stdout == ""


def test_it_works_in_a_pipe_with_no_extra_but_that_of_the_command() -> None:
    extras = (
        "pocketsphinx espeakng_loader fastapi uvicorn uvloop msgspec limits itsdangerous onnx "
        "prometheus_client multipart aiortc av redis psutil matplotlib looptime"
    )
    without = f"import sys; sys.modules.update(dict.fromkeys({extras!r}.split()))"
    program = f"{without}; sys.argv[1:] = ['talk', '--text']\nfrom antiphon.__main__ import main"
    result = subprocess.run(
        [sys.executable, "-c", f"{program}\nmain()"],
        input="can i pay by card",
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stdout == HELLO + "Agent: Yes, you can. Please read me your card number.\n"
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.system
@pytest.mark.parametrize(("keys", "status"), [("\x04", 0), ("\x03", 130), ("goodbye\n", 0)])
def test_a_person_at_a_terminal_ends_it_as_anything_else_there(keys: str, status: int) -> None:
    process, terminal = pty.fork()
    if process == 0:
        os.execv(sys.executable, [sys.executable, "-m", "antiphon", "talk", "--text"])
    shown = b""
    while not shown.endswith(b"You: "):
        shown += os.read(terminal, 1024)
    os.write(terminal, keys.encode())
    try:
        while more := os.read(terminal, 1024):
            shown += more
    except OSError:
        pass  # how Linux tells that the other end is closed
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == status
    assert shown.endswith(b"\n")
    assert b"Traceback" not in shown


@pytest.mark.system
def test_who_reads_no_more_ends_it_without_a_word() -> None:
    command = (
        f"printf 'hello\\nhello\\nhello\\n' | {sys.executable} -m antiphon talk --text | head -1"
    )
    result = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert (result.stdout, result.stderr) == (HELLO, "")


def test_a_preference_that_means_nothing_is_told_without_sound_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANTIPHON_EMBEDDED", "wrong")

    result = CliRunner().invoke(app, ["talk", "--text"])

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("antiphon talk: ANTIPHON_EMBEDDED='wrong' means nothing")
    assert result.stderr.count("\n") == 1
