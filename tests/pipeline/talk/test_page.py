"""A person talks to the agent: the real command, in a real browser that hears a WAV."""

import io
import json
import re
import shutil
import signal
import subprocess
import sys
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soxr
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, Playwright, expect, sync_playwright

from antiphon.services import EspeakSynthesizer

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[3]
SOURCES = ROOT / "pipeline/talk/web/src"
ARTEFACTS = ROOT / "test-artefacts/talk"
WAV_RATE_HZ = 48_000
# The answer to the first line lasts from second 9 to 21, so that a busy machine may be late.
CONVERSATION = [
    (6.5, "what are your opening hours"),
    (12.0, "uh huh"),
    (15.5, "stop please"),
    (19.0, "my order number is four two one seven"),
    (28.0, "yes that is right"),
]
HOURS = (
    "We are open from nine in the morning until six in the evening, from Monday to Saturday. On "
    "Sundays we are closed, but you can order on our page at any time of the day, and we will call "
    "you back on Monday."
)
AGENT = f"""
from antiphon.pipeline import TurnSettings
from antiphon.pipeline.default_agent import order_desk
from antiphon.services import PocketSphinxSTTService, Script, ScriptedLLMService
from antiphon.services.scripted.script import Intent
script = Script.order_status()
hours = Intent(name="hours", phrases=("what are your opening hours",), reply={HOURS!r})
script = script.model_copy(update={{"intents": (hours, *script.intents)}})
agent = order_desk(
    stt=lambda: PocketSphinxSTTService(grammar=script.jsgf()),
    llm=lambda: ScriptedLLMService(script=script),
    turns=TurnSettings(silence_secs=0.4),
)
"""
CARD = "four five three nine one four eight eight oh three four three six four six seven"
# What was received and what was shown, whenever that was.
KEEP_EVERYTHING = """
    window.received = [];
    window.shown = [];
    const create = RTCPeerConnection.prototype.createDataChannel;
    RTCPeerConnection.prototype.createDataChannel = function (...args) {
        const channel = create.apply(this, args);
        channel.addEventListener("message", ({ data }) => window.received.push(data));
        return channel;
    };
    new MutationObserver(() => window.shown.push(document.documentElement.outerHTML))
        .observe(document, { subtree: true, childList: true, characterData: true });
"""


@dataclass
class Server:
    """`antiphon talk` in a process of its own."""

    process: subprocess.Popen[str]
    url: str

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        """As when the network goes away: nothing is answered, nothing is said."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


@contextmanager
def serving(*options: str) -> Iterator[Server]:
    process = subprocess.Popen(
        [sys.executable, "-m", "antiphon", "talk", "--no-open", "--port=0", *options],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = re.search(r"http://\S+", process.stdout.readline())
        assert said is not None
        yield Server(process, said[0])
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


def launch(playwright: Playwright, *switches: str) -> Browser:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    assert chromium, "the browser tests need Chromium: apt-get install chromium"
    return playwright.chromium.launch(
        executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage", *switches]
    )


def launch_with_caller(playwright: Playwright, wav: Path, *, again: bool) -> Browser:
    """A browser whose microphone hears a WAV from when it is opened, once or over and over."""
    return launch(
        playwright,
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={wav}{'' if again else '%noloop'}",
    )


@pytest.fixture(scope="module")
def browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser whose caller asks one thing every five seconds."""
    wav = tmp_path_factory.mktemp("caller") / "again.wav"
    write_caller(wav, [(1.0, "what are your opening hours")], length_secs=5)
    running = launch_with_caller(playwright, wav, again=True)
    yield running
    running.close()


def write_caller(path: Path, lines: list[tuple[float, str]], *, length_secs: int) -> None:
    samples = np.zeros(WAV_RATE_HZ * length_secs, dtype=np.int16)
    for at_secs, text in lines:
        spoken = EspeakSynthesizer().synthesize(text, voice="en-us+f2")
        line = soxr.resample(
            np.frombuffer(spoken.pcm, np.int16), spoken.sample_rate_hz, WAV_RATE_HZ
        ).astype(np.int16)
        start = round(at_secs * WAV_RATE_HZ)
        samples[start : start + len(line)] = line
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, WAV_RATE_HZ, 0, "NONE", "not compressed"))
        file.writeframes(samples.tobytes())


Opener = Callable[..., Page]
Screenshot = Callable[[Page, str], None]
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def open_page(browser: Browser, server: Server) -> Iterator[Opener]:
    """Open the page as a person's browser would; without a permission unless it is granted."""
    contexts = []

    def opened(*, microphone: bool = True, **options: object) -> Page:
        context = browser.new_context(**options)  # type: ignore[arg-type]
        contexts.append(context)
        if microphone:
            context.grant_permissions(["microphone"])
        page = context.new_page()
        page.goto(server.url)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def screenshot() -> Screenshot:
    ARTEFACTS.mkdir(parents=True, exist_ok=True)

    def take(page: Page, name: str) -> None:
        page.screenshot(path=ARTEFACTS / f"{name}.png")

    return take


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def spoken(answer: Locator) -> str:
    """What is shown of an answer as heard by the caller."""
    return " ".join(answer.locator(".words > span:not([class])").all_inner_texts())


def captions(page: Page, who: str) -> list[str]:
    """What is shown as said by "caller" or "agent", oldest first."""
    return page.locator(f"li.{who} .words").all_inner_texts()


def obstacles(page: Page) -> list[str]:
    """What stands in the way of people with disabilities, as far as axe-core sees it."""
    # A colour on its way to another is nobody's choice.
    page.evaluate("Promise.allSettled(document.getAnimations().map((each) => each.finished))")
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html']}" for rule in found for node in rule["nodes"]]


def test_a_whole_conversation_with_a_backchannel_and_a_barge_in(
    playwright: Playwright,
    screenshot: Screenshot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wav = tmp_path / "conversation.wav"
    write_caller(wav, CONVERSATION, length_secs=40)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "talkative.py").write_text(AGENT)
    browser = launch_with_caller(playwright, wav, again=False)
    with serving("--agent=talkative:agent") as server:
        page = browser.new_page(viewport={"width": 1180, "height": 820}, permissions=["microphone"])
        page.goto(server.url)
        converse(page, screenshot)
    browser.close()


def converse(page: Page, screenshot: Screenshot) -> None:
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    screenshot(page, "desktop-light-idle")
    assert obstacles(page) == []
    press(page, "Talk")
    turn, last_heard = page.locator("#turn"), page.locator("li.caller .words").last
    meter, loudest = page.get_by_role("meter", name="Agent voice level"), 0

    # The greeting is seen, word by word, and heard.
    expect(page.locator("li.agent")).to_contain_text(
        "Hello, this is the order desk.", timeout=15_000
    )
    while turn.inner_text() != "Your turn":
        loudest = max(loudest, int(meter.get_attribute("aria-valuenow") or 0))
        page.wait_for_timeout(50)
    assert loudest > 30
    expect(meter).to_have_attribute("aria-valuenow", "0")

    # What the caller says is shown while it is said.
    expect(turn).to_have_text("Listening to you", timeout=15_000)
    expect(page.locator("li.caller .interim")).to_contain_text("what are")
    expect(last_heard).to_have_text("what are your opening hours")

    # The answer, how long it took, and for what.
    answer = page.locator("li.agent").nth(1)
    expect(answer).to_contain_text("We are open from nine")
    expect(answer.locator("summary")).to_contain_text(re.compile(r"\d\.\d\d s after you stopped"))
    answer.locator("summary").focus()
    expect(answer).to_contain_text("from Monday")
    expect(answer.locator("summary")).to_be_focused()
    page.keyboard.press("Enter")
    stages = answer.get_by_role("row")
    expect(stages.filter(has_text="endpointing wait")).to_contain_text(re.compile(r"\d+ ms"))
    expect(stages.filter(has_text="LLM inference")).to_be_visible()
    total_ms = float(answer.locator("summary b").inner_text().removesuffix(" s")) * 1000
    parts_ms = [int(ms.removesuffix(" ms")) for ms in answer.locator("td.ms").all_inner_texts()]
    assert sum(parts_ms) == pytest.approx(total_ms, abs=15)
    assert obstacles(page) == []
    screenshot(page, "desktop-light-answer")

    # The caller says "uh huh": the agent talks on, and the page says what became of it.
    expect(page.locator("li.backchannel")).to_contain_text("no turn taken", timeout=10_000)
    said_by_then = len(spoken(answer))
    screenshot(page, "desktop-light-backchannel")
    expect(turn).to_have_text("The agent speaks")
    expect(page.locator("li.caller")).to_have_count(1)

    # The caller talks over it: it falls silent, and what was not spoken is marked.
    expect(answer.locator(".tag")).to_have_text("interrupted", timeout=10_000)
    assert len(spoken(answer)) > said_by_then
    expect(answer.locator("s")).to_contain_text("day")
    expect(page.locator("li.caller .tag")).to_have_text("interrupted the agent")
    expect(last_heard).to_have_text("stop please")
    expect(page.locator("li.agent")).to_have_count(3)
    answer = page.locator("li.agent").last
    expect(answer.locator(".words")).to_have_text("Okay.")
    screenshot(page, "desktop-light-barge-in")

    # The number is read back; then a tool is used, and the answer has its result.
    expect(answer).to_have_text(re.compile("Order 4 2 1 7, is that right"), timeout=15_000)
    assert captions(page, "caller")[-1] == "my order number is four two one seven"
    expect(page.locator("li.agent")).to_have_count(5, timeout=15_000)
    expect(answer).to_contain_text("Your order 4 2 1 7 is on its way", timeout=15_000)
    expect(answer.locator(".tag.tool")).to_have_text("used get_order_status")
    page.emulate_media(color_scheme="dark")
    screenshot(page, "desktop-dark-tool")
    assert obstacles(page) == []
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    screenshot(page, "phone-dark-tool")
    page.emulate_media(color_scheme="light")
    screenshot(page, "phone-light-tool")
    assert obstacles(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]

    # The figure is the one that `antiphon watch` shows.
    expect(turn).to_have_text("Your turn", timeout=15_000)
    shown_secs = float(answer.locator("summary b").inner_text().removesuffix(" s"))
    (call,) = page.request.get(f"{page.url}latency").json()["calls"]
    assert call["last_secs"] == pytest.approx(shown_secs, abs=0.006)

    press(page, "Hang up")
    expect(turn).to_have_text("You hung up.")
    expect(page.get_by_role("button", name="Talk", exact=True)).to_be_visible()
    origin = page.evaluate("location.origin")
    assert [url for url in loaded if not url.startswith((origin, "blob:", "data:"))] == []


def test_a_card_number_never_reaches_the_page(
    playwright: Playwright, server: Server, screenshot: Screenshot, tmp_path: Path
) -> None:
    wav = tmp_path / "card.wav"
    write_caller(wav, [(6.5, f"my card number is {CARD}")], length_secs=30)
    browser = launch_with_caller(playwright, wav, again=False)
    page = browser.new_page(viewport=PHONE, permissions=["microphone"])  # type: ignore[arg-type]
    page.add_init_script(KEEP_EVERYTHING)
    page.goto(server.url)
    press(page, "Talk")
    said = page.locator("li.caller .words")
    expect(said).to_have_text("my card number is credit card", timeout=30_000)
    expect(said.locator(".redacted")).to_have_text("credit card")
    expect(page.locator("li.agent").last).to_contain_text("I have your card number")
    screenshot(page, "phone-light-card")
    received = [json.loads(message) for message in page.evaluate("received")]
    assert {"user-transcription", "user-llm-text"} <= {message.get("type") for message in received}
    everything = json.dumps(received) + "".join(page.evaluate("shown"))
    words = CARD.replace("oh", "zero").split()
    for start in range(len(words) - 1):
        assert " ".join(words[start : start + 2]) not in everything

    # Nor what is saved of the call: of its ten seconds, the words around it are heard at most.
    press(page, "Hang up")
    with page.expect_download() as download:
        press(page, "Recording")
    with wave.open(str(download.value.path())) as file:
        caller = np.frombuffer(file.readframes(file.getnframes()), np.int16)[::2]
    tenths = np.abs(caller[: len(caller) // 1600 * 1600].reshape(-1, 1600)).max(axis=1)
    assert (tenths > 500).sum() < 25
    browser.close()


def test_a_lost_connection_is_said_and_regained(
    open_page: Opener, server: Server, screenshot: Screenshot
) -> None:
    page = open_page(viewport=PHONE, color_scheme="dark", device_scale_factor=2)
    screenshot(page, "phone-dark-idle")
    press(page, "Talk")
    expect(page.get_by_role("button", name="Hang up")).to_be_visible(timeout=15_000)
    expect(page.locator("li.agent")).to_contain_text("Hello", timeout=15_000)
    problem = page.get_by_role("alert")
    with server.unreachable():
        expect(problem).to_contain_text("The connection was lost. Trying", timeout=10_000)
        screenshot(page, "phone-dark-lost")
    expect(problem).to_contain_text("The connection is back.", timeout=10_000)
    # The same call goes on: it is answered, and not greeted again.
    answers = page.locator("li.agent").filter(has_text="We are open")
    expect(answers.first).to_be_visible(timeout=20_000)
    assert " ".join(captions(page, "agent")).count("Hello") == 1


def test_a_server_that_stops_says_goodbye(playwright: Playwright) -> None:
    browser = launch(playwright, "--use-fake-device-for-media-stream")
    with serving() as server:
        page = browser.new_page()
        page.context.grant_permissions(["microphone"])
        page.goto(server.url)
        page.keyboard.press("Tab")  # the captions
        page.keyboard.press("Tab")  # what can be asked
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Hang up")).to_be_focused(timeout=15_000)
        expect(page.get_by_role("status")).to_have_text("Connected. You can talk.", timeout=15_000)
        server.process.terminate()
        goodbye = page.locator("li.agent").last
        expect(goodbye).to_contain_text("I have to end this call now.", timeout=15_000)
        expect(page.locator("#turn")).to_have_text("The agent hung up.", timeout=15_000)
        assert server.process.wait(10) == 0
        press(page, "Talk")
        expect(page.get_by_role("alert")).to_contain_text(
            "The agent did not answer.", timeout=15_000
        )
    browser.close()


def test_an_agent_that_lacks_something_says_what(
    open_page: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(
        "from antiphon.pipeline import VoiceAgent\nagent = VoiceAgent(stt=dict)\n"
    )
    with serving("--agent=mine:agent") as server:
        page = open_page()
        page.goto(server.url)
        press(page, "Talk")
        problem = page.get_by_role("alert")
        expect(problem).to_contain_text("The agent cannot answer: stt=dict returned {}")


def test_a_blocked_microphone_is_said(open_page: Opener, screenshot: Screenshot) -> None:
    page = open_page(microphone=False, viewport=PHONE)
    press(page, "Talk")
    expect(page.get_by_role("alert")).to_contain_text("The microphone is blocked. Allow it")
    expect(page.get_by_role("button", name="Talk", exact=True)).to_be_visible()
    screenshot(page, "phone-light-blocked")


def test_a_missing_microphone_is_said(playwright: Playwright, server: Server) -> None:
    browser = launch(playwright, "--disable-audio-input")
    page = browser.new_page()
    page.context.grant_permissions(["microphone"])
    page.goto(server.url)
    press(page, "Talk")
    expect(page.get_by_role("alert")).to_contain_text("No microphone was found.")
    browser.close()


LOAD = """
    const load = (source) => import("data:text/javascript," + encodeURIComponent(source));
    const { Conversation, parts } = await load(conversation);
    const inline = "data:text/javascript," + encodeURIComponent(conversation);
    const { Captions } = await load(view.replace("./conversation.js", inline));
    const call = new Conversation(), list = document.createElement("ol");
    const output = (text, rest) => call.agentSaid({
        text: text + rest, segment_id: 1, spoken_status: rest ? "in-progress" : "completed",
        spoken_progress: { accumulated_text: text, remaining_text: rest },
    });
"""


def with_modules(page: Page, script: str) -> object:
    """Run a script in which the page's modules are, without a page."""
    sources = [(SOURCES / name).read_text() for name in ("conversation.js", "view.js")]
    return page.evaluate(f"async ([conversation, view]) => {{{LOAD}{script}}}", sources)


def test_a_backchannel_is_marked_and_takes_no_turn(browser: Browser) -> None:
    shown = with_modules(
        browser.new_page(),
        """
        call.agentStarted();
        call.agentSaid({ text: "Your order is here.", segment_id: 1, spoken_status: "new" });
        output("Your order", " is here.");
        call.callerSaid("uh", false);               // perhaps a turn, perhaps not
        call.callerSaid("uh-huh", true);
        call.backchannel("uh-huh");
        output("Your order is here.", "");
        call.agentSaid({ text: "Never begun.", segment_id: 2, spoken_status: "in-progress" });
        call.agentStopped();
        call.callerStarted();                       // a cough
        call.callerStopped();
        new Captions(list, list).show(call.entries);
        return [...list.children].filter((item) => !item.hidden).map((item) => item.innerText);
        """,
    )
    assert isinstance(shown, list)
    assert [" ".join(entry.split()) for entry in shown] == [
        "AgentYour order is here.",
        "You“uh-huh” – no turn taken",
    ]


def test_words_that_come_behind_their_final_are_not_shown_again(browser: Browser) -> None:
    shown = with_modules(
        browser.new_page(),
        """
        call.callerStarted();
        call.callerSaid("what time", false);
        call.callerSaid("what time do you open", true);
        call.callerStopped();
        call.callerSaid("what time do", false);     // late
        call.agentStarted();
        call.agentStopped();
        call.callerStarted();
        call.callerSaid("thank", false);            // a cough, of which no final comes
        call.callerStopped();
        call.agentStarted();
        new Captions(list, list).show(call.entries);
        return [...list.querySelectorAll(".caller")].filter((item) => !item.hidden)
            .map((item) => item.innerText);
        """,
    )
    assert isinstance(shown, list)
    assert [" ".join(entry.split()) for entry in shown] == ["Youwhat time do you open"]


def test_what_was_not_understood_reads_as_such_and_not_as_a_quote(browser: Browser) -> None:
    shown = with_modules(
        browser.new_page(),
        """
        const heard = ["[inaudible]", "[inaudible] [inaudible]", "a broken lamp"];
        for (const said of [...heard, "my card <CARD 12>"]) {
            call.callerStarted();
            call.callerSaid(said, true);
            call.callerStopped();
            if (heard.includes(said)) call.notUnderstood();
            call.agentStarted();
            call.agentStopped();
        }
        new Captions(list, list).show(call.entries);
        return [[...list.querySelectorAll(".caller")].map((item) => item.innerText), call.text()];
        """,
    )
    assert isinstance(shown, list)
    assert [" ".join(entry.split()) for entry in shown[0]] == [
        "Younot understood",
        "Younot understood",
        "You not understooda broken lamp",
        "Youmy card card 12",
    ]
    assert shown[1].splitlines() == [
        "You: [not understood]",
        "You: [not understood]",
        "You (not understood): a broken lamp",
        "You: my card [hidden: card 12]",
    ]


def test_the_parts_of_a_wait_add_up_to_it(browser: Browser) -> None:
    made = with_modules(
        browser.new_page(),
        """
        const stages = [
            ["endpointing_wait", 200], ["transcription", 40], ["turn_detection", 160],
            ["context", 1], ["llm_inference", 100], ["function_handler", 150],
            ["llm_inference", 90], ["sentence_aggregation", 20], ["speech_synthesis", 30],
            ["never_heard_of", 9],
        ].map(([key, ms]) => ({ key, ms }));
        return parts({ stages }).map(({ name, ms }) => [name, ms]);
        """,
    )
    assert made == [
        ["VAD", 200],
        ["STT", 40],
        ["turn", 160],
        ["LLM", 191],
        ["tool", 150],
        ["sentence", 20],
        ["TTS", 30],
        ["rest", 9],
    ]


def test_the_agents_goodbye_hangs_up_and_the_next_call_keeps_what_was_said(
    playwright: Playwright, screenshot: Screenshot, tmp_path: Path
) -> None:
    wav = tmp_path / "goodbye.wav"
    write_caller(wav, [(1.0, "that is all thank you goodbye")], length_secs=13)
    browser = launch_with_caller(playwright, wav, again=True)
    with serving() as server:
        page = browser.new_page(viewport=PHONE, permissions=["microphone"])  # type: ignore[arg-type]
        page.goto(server.url)
        asks = page.get_by_role("region", name="You can ask")
        expect(asks).to_contain_text("“What are your opening hours?”")
        press(page, "Talk")
        ended = page.locator("li.ended")
        expect(ended).to_contain_text("The agent hung up.", timeout=50_000)
        expect(page.locator("#turn")).to_have_text("The agent hung up.")
        assert captions(page, "agent")[-1].endswith("Goodbye!")
        expect(page.get_by_role("alert")).to_be_hidden()
        expect(page.locator("#last-wait")).to_contain_text(re.compile(r"STT\s*\d+ ms"))
        expect(asks).to_be_visible()
        assert obstacles(page) == []
        screenshot(page, "phone-light-agent-hung-up")

        saved = {}
        for name in ("Transcript", "JSON", "Recording"):
            with page.expect_download() as download:
                press(page, name)
            saved[name] = Path(download.value.path()).read_bytes()
        assert b"Thank you for calling. Goodbye!\n(The agent hung up.)" in saved["Transcript"]
        told = json.loads(saved["JSON"])
        assert told["ended"] == "The agent hung up."
        assert {entry["who"] for entry in told["entries"]} == {"agent", "caller"}
        with wave.open(io.BytesIO(saved["Recording"])) as file:
            assert file.getnchannels() == 2
            both = np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, 2)
            assert (np.abs(both).max(axis=0) > 1000).all()

        said = page.locator("#entries").inner_text()
        press(page, "Talk")
        expect(page.locator("li.agent").last).to_contain_text("Hello", timeout=15_000)
        assert page.locator("#entries").inner_text().startswith(said)

        # The server dies: nobody hung up.
        server.process.kill()
        expect(page.get_by_role("alert")).to_contain_text("The server is gone", timeout=15_000)
        expect(ended.last).to_contain_text("The server is gone.")
        expect(page.get_by_role("button", name="Talk", exact=True)).to_be_visible()
    browser.close()


def test_another_microphone_can_be_chosen_in_the_call(open_page: Opener) -> None:
    page = open_page()
    press(page, "Talk")
    asked = page.locator("li.caller").filter(has_text="opening hours")
    expect(asked.first).to_be_visible(timeout=20_000)
    microphones = page.get_by_role("combobox", name="Microphone")
    names = microphones.locator("option").all_inner_texts()
    assert len(names) > 2
    before = asked.count()
    microphones.select_option(names[-1])
    # The recording goes on in the new one.
    expect(asked.nth(before)).to_be_visible(timeout=20_000)


def test_another_speaker_can_be_chosen_in_the_call(open_page: Opener) -> None:
    page = open_page()
    press(page, "Talk")
    expect(page.locator("li.agent")).to_contain_text("Hello", timeout=15_000)
    speakers = page.get_by_role("combobox", name="Speaker")
    speakers.select_option(index=2)
    chosen = speakers.input_value()
    assert chosen
    page.wait_for_function("id => document.getElementById('voice').sinkId === id", arg=chosen)
