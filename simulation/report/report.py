"""One HTML file that shows a call; it loads nothing, so it can be mailed, archived or diffed."""

import base64
import struct
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from antiphon.core.wav import Samples, read_wav
from antiphon.processors.latency import DEFAULT_BUDGETS_SECS
from antiphon.simulation.audio import SAMPLE_RATE_HZ, resample
from antiphon.simulation.private_files import write_file
from antiphon.simulation.recording import CallRecord
from antiphon.simulation.report import charts
from antiphon.simulation.report.view import clock, millis, page_view

__all__ = ["render_report", "write_report"]

LONGEST_AUDIO_SECS = 600.0
"""A longer recording is left out of the page: at 16 kB a second it would be slow to open."""

MU_LAW = 7


def write_report(
    path: Path,
    record: CallRecord,
    *,
    recording: Path | None = None,
    differences: Sequence[str] = (),
    unjudged: Sequence[str] = (),
) -> None:
    """Write the page of a call.

    Args:
        path: The file to write, which only its owner may read.
        record: The call.
        recording: Its WAV file, to listen to within the page.
        differences: How the call differed from what was expected of it, one line each.
        unjudged: What was expected and could not be judged, one line each.
    """
    page = render_report(record, recording=recording, differences=differences, unjudged=unjudged)
    write_file(path, page)


def render_report(
    record: CallRecord,
    *,
    recording: Path | None = None,
    differences: Sequence[str] = (),
    unjudged: Sequence[str] = (),
) -> str:
    """Return the page of a call; see `write_report`."""
    folder = files("antiphon.simulation.report")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"clock": clock, "millis": millis}
    template = environment.from_string((folder / "template.html").read_text(encoding="utf-8"))
    view = page_view(record)
    return template.render(
        view=view,
        waterfall=charts.waterfall(view.turns, DEFAULT_BUDGETS_SECS),
        distribution=charts.distribution(record, DEFAULT_BUDGETS_SECS),
        stages=charts.legend(record),
        differences=differences,
        unjudged=unjudged,
        audio=_audio_uri(recording) if recording else None,
        style=Markup((folder / "style.css").read_text(encoding="utf-8")),
        script=Markup((folder / "script.js").read_text(encoding="utf-8")),
    )


def _audio_uri(path: Path) -> str | None:
    """Return both voices mixed, as a `data:` address of mu-law audio."""
    audio = read_wav(path)
    if len(audio.samples) > LONGEST_AUDIO_SECS * audio.sample_rate_hz:
        return None
    mixed = np.clip(audio.samples.sum(axis=1, dtype=np.int32), -32768, 32767).astype(np.int16)
    body = _mu_law(resample(mixed, audio.sample_rate_hz, SAMPLE_RATE_HZ)).tobytes()
    body += b"\0" * (len(body) % 2)
    header = struct.pack(
        "<4sI4s4sIHHIIHHH4sI",
        *(b"RIFF", 38 + len(body), b"WAVE", b"fmt ", 18, MU_LAW, 1),
        *(SAMPLE_RATE_HZ, SAMPLE_RATE_HZ, 1, 8, 0, b"data", len(body)),
    )
    return f"data:audio/wav;base64,{base64.b64encode(header + body).decode('ascii')}"


def _mu_law(samples: Samples) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """Encode by ITU-T G.711: a sign, three bits of exponent, four of mantissa, inverted."""
    value = samples.astype(np.int32)
    magnitude = np.minimum(np.abs(value), 32635) + 132
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    sign = np.where(value < 0, 0x80, 0)
    encoded: np.ndarray[tuple[int], np.dtype[np.uint8]] = (
        ~(sign | (exponent << 4) | mantissa) & 0xFF
    ).astype(np.uint8)
    return encoded
