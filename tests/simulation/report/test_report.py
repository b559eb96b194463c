"""The page of a call: whole in itself, safe with any text, and true to the record."""

import base64
import itertools
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from antiphon.simulation.audio import SAMPLE_RATE_HZ
from antiphon.simulation.recording import CallRecord, StereoRecording
from antiphon.simulation.recording.assembly import assemble
from antiphon.simulation.recording.log import CallLog
from antiphon.simulation.recording.record import CallerSpeech
from antiphon.simulation.recording.wav import CALLER
from antiphon.simulation.report import write_report
from antiphon.simulation.report.report import render_report

NASTY = "</script><img src=x onerror=alert(1)>\"'&{{ 7 * 7 }}"


class Page(HTMLParser):
    """Collects the tags, their attributes and the text outside style and script."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open = tag

    def handle_data(self, data: str) -> None:
        if self._open not in ("style", "script"):
            self.text += " " + " ".join(data.split())


@pytest.fixture(scope="module")
def page(record: CallRecord) -> str:
    return render_report(record)


def with_text(record: CallRecord, text: str) -> CallRecord:
    """Put a text in every place where a caller, an agent, a tool or a service brings text."""
    turns = []
    for turn in record.turns:
        agent = turn.agent and turn.agent.model_copy(update={"heard": text, "unheard": text})
        caller = turn.caller and CallerSpeech(
            start_secs=turn.caller.start_secs,
            end_secs=turn.caller.end_secs,
            recognised=text,
            script=text + " else",
        )
        calls = tuple(
            call.model_copy(update={"name": text, "arguments": {text: text}})
            for call in turn.tool_calls
        )
        parts = tuple(
            part.model_copy(update={"label": text, "owner": text}) for part in turn.contributions
        )
        update = {"agent": agent, "caller": caller, "tool_calls": calls, "contributions": parts}
        update["node"] = text
        turns.append(turn.model_copy(update=update))
    return record.model_copy(update={"title": text, "turns": tuple(turns)})


def test_the_page_loads_nothing_from_elsewhere(page: str) -> None:
    loaded = [
        value
        for _, attributes in Page(page).tags
        for name, value in attributes.items()
        if name in ("src", "href", "srcset", "data", "action")
    ]
    assert loaded == []
    assert not re.search(r"https?://|url\(|@import|\bimport\b|fetch\(|XMLHttp", page)


def test_the_browser_is_told_to_load_nothing(page: str) -> None:
    (policy,) = [
        attributes["content"]
        for tag, attributes in Page(page).tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]

    assert policy
    assert policy.startswith("default-src 'none';")


def test_text_cannot_become_markup(record: CallRecord) -> None:
    plain = Page(render_report(with_text(record, "plain")))
    nasty = Page(render_report(with_text(record, NASTY)))

    assert [tag for tag, _ in nasty.tags] == [tag for tag, _ in plain.tags]
    assert [set(attributes) for _, attributes in nasty.tags] == [
        set(attributes) for _, attributes in plain.tags
    ]
    assert "<img" not in render_report(with_text(record, NASTY), differences=[NASTY])
    assert NASTY in nasty.text
    assert "49" not in nasty.text


@pytest.mark.parametrize(
    "shown",
    [
        "Order status",
        "where is order one two tree four",
        "said: where is order one two three four",
        "You are welcome. Goodbye.",
        "warehouse on Monday.",
        "check_order",
        "order_number=1234",
        "completed in 260 ms",
        "talks over the agent · silent in 300 ms",
        "TTFA, median 700 ms",
        "TTFA, worst 940 ms turn 2",
        "Words understood 16/17 word error rate 5.9%",
        "as expected",
    ],
)
def test_the_page_shows(page: str, shown: str) -> None:
    assert shown in re.sub(r"\s+", " ", Page(page).text)


def test_differences_stand_at_the_top(record: CallRecord) -> None:
    text = Page(render_report(record, differences=["turn 2: no tool", "turn 3: too slow"])).text

    assert "2 differences" in text
    assert text.index("turn 2: no tool") < text.index("TTFA, median")
    assert "as expected" not in text


def test_a_call_in_which_nothing_happened_has_a_page() -> None:
    assert "greeting" in Page(render_report(assemble(CallLog(title="nothing")))).text


def charts(page: str) -> dict[str, str]:
    """Return the four pictures by name and width."""
    found = re.findall(
        r'<div class="chart (\w+)" role="img" aria-label="([^"]+)">(.*?)</div>', page, re.S
    )
    return {f"{name} {width}": svg for width, name, svg in found}


WAITS = "The wait of each turn, part by part"
STAGES = "What each stage took"


def shapes(svg: str) -> list[tuple[str, float, float]]:
    """Return what has a tip, with its left and right ends."""
    return [
        (tip, min(xs), max(xs))
        for tip, path in re.findall(r'<g data-tip="([^"]+)">\s*<path d="([^"]+)"', svg)
        if (xs := [float(x) for x in re.findall(r"[MLC] ([\d.]+) ", path)])
    ]


def budget_line(svg: str) -> float:
    [x] = re.findall(
        r'd="M ([\d.]+) [^"]+" style="[^"]*stroke-dasharray[^"]*stroke: var\(--bad\)', svg
    )
    return float(x)


@pytest.mark.parametrize("width", ["wide", "narrow"])
def test_the_parts_of_a_wait_stand_end_to_end(page: str, width: str) -> None:
    svg = charts(page)[f"{WAITS} {width}"]

    ends = [(left, right) for _, left, right in shapes(svg)]
    zero = min(left for left, _ in ends)
    assert sum(left == zero for left, _ in ends) == 4
    touching = sum(abs(end - left) < 0.01 for (_, end), (left, _) in itertools.pairwise(ends))
    assert touching == len(ends) - 4
    # The longest wait, of 940 ms, against the budget of a second.
    longest = max(right for _, right in ends) - zero
    assert longest / (budget_line(svg) - zero) == pytest.approx(0.94, abs=0.001)


def test_the_waits_are_told_in_numbers(page: str) -> None:
    svg = charts(page)[f"{WAITS} wide"]

    tips = [tip for tip, _, _ in shapes(svg)]
    assert "function handler · 251 ms · PocketSphinxSTTService" in tips
    for text in (
        "0 greeting",
        "2 where is order one two tree four",
        "940 ms",
        "251",
        "budget 1000 ms",
    ):
        assert f">{text}</text>" in svg


def test_each_stage_shows_its_turns_its_median_and_its_budget(page: str) -> None:
    svg = charts(page)[f"{STAGES} wide"]

    tips = [tip for tip, _, _ in shapes(svg)]
    assert tips[:3] == ["turn 1 · 200 ms", "turn 2 · 200 ms", "turn 3 · 210 ms"]
    assert {"median · 200 ms", "budget · 200 ms"} < set(tips)
    places = {tip: (left + right) / 2 for tip, left, right in shapes(svg)}
    per_ms = (places["budget · 1000 ms"] - places["budget · 200 ms"]) / 800
    assert places["turn 2 · 251 ms"] - places["budget · 200 ms"] == pytest.approx(
        51 * per_ms, abs=0.1
    )


def test_the_pictures_follow_the_colours_of_the_page(page: str) -> None:
    pictures = charts(page)

    assert len(pictures) == 4
    assert not [name for name, svg in pictures.items() if re.search(r"#[0-9a-f]{3}", svg)]


def test_any_text_has_a_place_in_the_pictures(record: CallRecord) -> None:
    for text in ("\x00\x08 $x^2$ bell\x07", "何時に開きますか", "&<>\"'"):
        name = render_report(with_text(record, text))
        assert len(charts(name)) == 4


def test_a_turn_of_a_flow_tells_its_node(record: CallRecord) -> None:
    turns = tuple(turn.model_copy(update={"node": "terms"}) for turn in record.turns)
    page = render_report(record.model_copy(update={"turns": turns}))
    assert '<b class="tag">terms</b>' in page
    assert "for turn 1, in node terms" in page


def test_a_turn_without_an_answer_says_so(record: CallRecord) -> None:
    turn = record.turns[1].model_copy(update={"ttfa_secs": None, "contributions": ()})
    svg = charts(render_report(record.model_copy(update={"turns": (turn,)})))[f"{WAITS} wide"]

    assert "no answer" in svg


def test_speech_stands_on_the_time_line_where_it_was_heard(page: str) -> None:
    blocks = re.findall(r'<i class="speech" style="left:([\d.]+)%;width:([\d.]+)%', page)
    secs = [tuple(float(share) * 27.0 / 100 for share in block) for block in blocks]
    assert secs[:3] == [
        pytest.approx((4.3, 1.7), abs=0.01),
        pytest.approx((11.1, 3.1), abs=0.01),
        pytest.approx((17.1, 1.1), abs=0.01),
    ]
    assert secs[3] == pytest.approx((0.2, 3.4), abs=0.01)


def test_a_waveform_that_ends_early_is_not_stretched(record: CallRecord) -> None:
    # The agent fell silent after 20.8 of 27 seconds, and nothing of it was recorded after that.
    waveform = record.waveform.model_copy(update={"agent": record.waveform.agent[:1040]})

    _, agent = re.findall(
        r'aria-hidden="true"><path d="([^"]+)"',
        render_report(record.model_copy(update={"waveform": waveform})),
    )
    ends = max(float(point.split()[0]) for point in re.findall(r"[\d.]+ \d+", agent))
    assert ends == pytest.approx(1000 * 20.8 / 27.0, abs=1)


def test_the_recording_can_be_heard_within_the_page(tmp_path: Path, record: CallRecord) -> None:
    wav, path = tmp_path / "call.wav", tmp_path / "report.html"
    samples = (np.sin(np.arange(SAMPLE_RATE_HZ) * 0.1) * 8000).astype(np.int16)
    with StereoRecording(wav) as recording:
        recording.add(CALLER, 0.0, samples, SAMPLE_RATE_HZ)

    write_report(path, record, recording=wav)

    (source,) = [
        attributes["src"]
        for tag, attributes in Page(path.read_text(encoding="utf-8")).tags
        if tag == "audio"
    ]
    assert source
    assert source.startswith("data:audio/wav;base64,")
    data = base64.b64decode(source.partition(",")[2])
    encoded = np.frombuffer(data[46:], np.uint8).astype(np.int32)
    # G.711 in the other direction, by its own formula.
    bits = ~encoded & 0xFF
    value = ((((bits & 0x0F) << 3) + 132) << ((bits & 0x70) >> 4)) - 132
    decoded = np.where(bits & 0x80, -value, value)
    assert data[:4] == b"RIFF"
    assert data[20] == 7
    assert np.max(np.abs(decoded - samples)) <= 256
