"""The pictures of a call's waits: SVG by matplotlib, in the colours of the page around it."""

import io
import re
import textwrap
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any
from xml.etree import ElementTree

from markupsafe import Markup

from antiphon.processors.latency import TTFA
from antiphon.simulation.recording import CallRecord
from antiphon.simulation.report.view import TurnView, millis

__all__ = ["distribution", "legend", "waterfall"]

STAGE_COLOURS: Mapping[str, str] = {
    "onset": "--s-onset",
    "endpointing_wait": "--s-wait",
    "transcription": "--s-stt",
    "turn_detection": "--s-turn",
    "context": "--s-context",
    "llm_inference": "--s-llm",
    "speech_to_speech": "--s-llm",
    "function_handler": "--s-tool",
    "sentence_aggregation": "--s-text",
    "speech_synthesis": "--s-tts",
    "output_transport": "--s-out",
    "playout": "--s-play",
    "leading_silence": "--s-play",
}
"""The custom property of the page that colours each stage."""

OTHER_COLOUR = "--s-pipe"

WIDE_PX, NARROW_PX = 1040, 320
"""Each picture is drawn twice, and the page shows the one that fits: so text keeps its size."""

LABELLED_PX = 30
"""The narrowest part of a wait with room for its number."""

DOT_PX = 5

PX_PER_INCH = 72

# Matplotlib's settings are the process's, and reports may be written in several threads.
_SETTINGS = threading.Lock()


def legend(record: CallRecord) -> list[tuple[str, str]]:
    """Return the name and the colour, a custom property, of each stage of a call, in order.

    Args:
        record: The call.
    """
    labels = {part.key: part.label for turn in record.turns for part in turn.contributions}
    return [
        (labels[key], STAGE_COLOURS.get(key, OTHER_COLOUR)) for key in sorted(labels, key=_place)
    ]


def waterfall(turns: Sequence[TurnView], budgets_secs: Mapping[str, float]) -> Markup:
    """Draw the wait of each turn, part by part, against the budget of the whole.

    Args:
        turns: The turns.
        budgets_secs: Limits in seconds; that of `ttfa` is drawn.
    """
    budget = budgets_secs.get(TTFA)
    longest = max((view.turn.ttfa_secs or 0.0 for view in turns), default=0.0)

    def draw(chart: _Chart) -> None:
        for row, view in enumerate(turns):
            # Of a wait that nobody took apart, the whole.
            for part in view.parts:
                chart.bar(row, part.start_secs, part.secs, colour=part.key, tip=part.tip)
            if not view.parts and view.turn.ttfa_secs:
                chart.bar(row, 0.0, view.turn.ttfa_secs, colour="", tip=view.ttfa)
            chart.note(row, view.turn.ttfa_secs or 0.0, view.ttfa)
        if budget:
            chart.line(budget, f"budget {millis(budget)}")

    names = [f"{view.turn.index}  {view.name}" for view in turns]
    until_secs = max(longest, budget or 0.1)
    return _drawn("The wait of each turn, part by part", names, until_secs, draw)


def distribution(record: CallRecord, budgets_secs: Mapping[str, float]) -> Markup:
    """Draw what each stage took in every answered turn, with its median and its budget.

    Args:
        record: The call.
        budgets_secs: Limits in seconds by stage.
    """
    taken: dict[tuple[str, str], dict[int, float]] = {}
    for turn in record.answered_turns:
        for part in turn.contributions:
            of_stage = taken.setdefault((part.key, part.label), {})
            of_stage[turn.index] = of_stage.get(turn.index, 0.0) + part.duration_secs
    taken = dict(sorted(taken.items(), key=lambda stage: _place(stage[0][0])))
    limits = {key: budgets_secs[key] for key, _ in taken if key in budgets_secs}

    secs_of_all = [secs for each in taken.values() for secs in each.values()]
    until_secs = max([*secs_of_all, *limits.values()], default=0.1)

    def draw(chart: _Chart) -> None:
        for row, ((key, _), each) in enumerate(taken.items()):
            for index, secs in each.items():
                chart.dot(row, secs, colour=key, tip=f"turn {index} · {millis(secs)}")
            middle = median(each.values())
            chart.tick(row, middle, colour="--ink", tip=f"median · {millis(middle)}")
            if key in limits:
                chart.tick(row, limits[key], colour="--bad", tip=f"budget · {millis(limits[key])}")
            chart.note(row, until_secs, millis(middle))

    return _drawn("What each stage took", [label for _, label in taken], until_secs, draw)


def _place(key: str) -> int:
    """Return where in a wait a stage stands; one that is not known comes last."""
    return list(STAGE_COLOURS).index(key) if key in STAGE_COLOURS else len(STAGE_COLOURS)


def _drawn(
    title: str, names: Sequence[str], until_secs: float, draw: "Callable[[_Chart], None]"
) -> Markup:
    # Slow to import, and needed only where a page is written.
    from matplotlib import rc_context

    pictures = Markup()
    with (
        _SETTINGS,
        rc_context({"svg.fonttype": "none", "text.parse_math": False}),
        warnings.catch_warnings(),
    ):
        # The browser has the glyphs that matplotlib's own font lacks.
        warnings.filterwarnings("ignore", message="Glyph")
        for width_px in (WIDE_PX, NARROW_PX):
            chart = _Chart(names, until_secs, width_px)
            draw(chart)
            kind = "wide" if width_px == WIDE_PX else "narrow"
            pictures += Markup('<div class="chart {}" role="img" aria-label="{}">{}</div>').format(
                kind, title, chart.svg()
            )
    return pictures


class _Chart:
    """Rows of time, from left to right."""

    def __init__(self, names: Sequence[str], until_secs: float, width_px: int) -> None:
        from matplotlib.figure import Figure

        self._narrow = width_px == NARROW_PX
        self._colours: dict[str, str] = {}
        self._tips: list[str] = []
        # On a narrow page a name stands above its bar.
        self._row_px, left_px, right_px = (44, 4, 76) if self._narrow else (34, 270, 76)
        head_px, foot_px = 22, 24
        height_px = head_px + foot_px + self._row_px * max(1, len(names))
        self._px_per_sec = (width_px - left_px - right_px) / until_secs
        self._figure = Figure(figsize=(width_px / PX_PER_INCH, height_px / PX_PER_INCH))
        self._figure.patch.set_alpha(0)
        self._axes = axes = self._figure.add_axes(
            (
                left_px / width_px,
                foot_px / height_px,
                (width_px - left_px - right_px) / width_px,
                (height_px - head_px - foot_px) / height_px,
            )
        )
        axes.patch.set_alpha(0)
        axes.set_xlim(0, until_secs)
        axes.set_ylim(max(1, len(names)) - 0.5, -0.5)
        axes.locator_params(axis="x", nbins=4 if self._narrow else 8)
        axes.xaxis.set_major_formatter(lambda secs, _: f"{secs * 1000:.0f} ms" if secs else "0")
        axes.xaxis.grid(visible=True, color=self._colour("--line"))
        axes.set_axisbelow(True)
        axes.spines[["top", "right", "left", "bottom"]].set_visible(False)
        axes.tick_params(length=0, labelsize=12, colors=self._colour("--faint"))
        axes.set_yticks([])
        for row, name in enumerate(names):
            # XML has no place for control characters.
            name = "".join(letter for letter in name if letter.isprintable())
            short = textwrap.shorten(name, 44 if self._narrow else 36, placeholder=" …")
            if self._narrow:
                self._text(0, row - 0.3, short, colour="--soft", size=12, va="center")
            else:
                self._text(-10 / self._px_per_sec, row, short, ha="right", va="center_baseline")

    def bar(self, row: int, start_secs: float, secs: float, *, colour: str, tip: str) -> None:
        """Fill a stretch of a row; one with room for it tells its length."""
        y, height = (row + 0.18, 0.42) if self._narrow else (row, 0.62)
        fill = self._colour(STAGE_COLOURS.get(colour, OTHER_COLOUR))
        edge = self._colour("--card")
        [bar] = self._axes.barh(y, secs, height, start_secs, color=fill, edgecolor=edge, lw=1)
        self._tip(bar, tip)
        if secs * self._px_per_sec >= LABELLED_PX:
            middle = start_secs + secs / 2
            number = f"{secs * 1000:.0f}"
            place = {"ha": "center", "va": "center_baseline"}
            self._text(middle, y, number, colour="--on-stage", size=11, **place)

    def dot(self, row: int, secs: float, *, colour: str, tip: str) -> None:
        """Put a dot into a row."""
        from matplotlib.patches import Ellipse

        y = row + 0.18 if self._narrow else row
        fill = self._colour(STAGE_COLOURS.get(colour, OTHER_COLOUR))
        size = 2 * DOT_PX / self._px_per_sec, 2 * DOT_PX / self._row_px
        dot = Ellipse((secs, y), *size, color=fill, alpha=0.6, lw=0)
        self._tip(self._axes.add_patch(dot), tip)

    def tick(self, row: int, secs: float, *, colour: str, tip: str) -> None:
        """Put a mark across a row."""
        y = row + 0.18 if self._narrow else row
        high = 0.22 if self._narrow else 0.33
        [line] = self._axes.plot(
            [secs, secs], [y - high, y + high], color=self._colour(colour), lw=2.5
        )
        self._tip(line, tip)

    def note(self, row: int, secs: float, text: str) -> None:
        """Put a number behind the end of a row's content."""
        y = row + 0.18 if self._narrow else row
        at_secs = secs + 10 / self._px_per_sec
        box = {"facecolor": self._colour("--card"), "edgecolor": "none", "pad": 2}
        self._text(at_secs, y, text, weight="bold", va="center_baseline", bbox=box)

    def line(self, secs: float, text: str) -> None:
        """Draw a limit through all rows."""
        self._axes.axvline(secs, color=self._colour("--bad"), lw=1.5, ls=(0, (4, 3)), zorder=1.5)
        top = self._axes.get_ylim()[1]
        self._text(secs, top - 0.08, text, colour="--bad", size=12, ha="center", va="bottom")

    def svg(self) -> Markup:
        """Return the picture."""
        out = io.StringIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        self._figure.savefig(out, format="svg", metadata=nothing)
        svg = ElementTree.fromstring(out.getvalue())
        for parent in svg.iter():
            for child in [child for child in parent if child.tag.endswith(("defs", "metadata"))]:
                parent.remove(child)
        for element in svg.iter():
            self._adapt(element)
        return Markup(ElementTree.tostring(svg, encoding="unicode"))

    def _adapt(self, element: ElementTree.Element) -> None:
        """Fit an element into a page that has its own colours, typeface and names."""
        element.tag = element.tag.rpartition("}")[2]
        gid, style = element.get("id", ""), element.get("style", "")
        for name in ("id", "clip-path", "transform"):
            element.attrib.pop(name, None)
        if gid.startswith("tip-"):
            element.set("data-tip", self._tips[int(gid.removeprefix("tip-"))])
        for name, stand_in in self._colours.items():
            style = style.replace(stand_in, f"var({name})")
        if style:
            element.set("style", re.sub(r"font-family: [^;]*; ?", "", style))

    def _text(
        self, secs: float, y: float, text: str, *, colour: str = "--ink", size: int = 13, **how: Any
    ) -> None:
        self._axes.text(secs, y, text, color=self._colour(colour), fontsize=size, **how)

    def _tip(self, artist: Any, text: str) -> None:
        artist.set_gid(f"tip-{len(self._tips)}")
        self._tips.append(text)

    def _colour(self, name: str) -> str:
        """Return a colour that stands in for one of the page's custom properties."""
        return self._colours.setdefault(name, f"#0a0b{len(self._colours) + 16:02x}")
