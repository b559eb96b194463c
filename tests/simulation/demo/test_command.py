"""`antiphon demo` at the command line: bad input gets one clear line."""

import struct
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from antiphon.services.hibari import model
from antiphon.services.whisper import weights
from antiphon.simulation.demo.command import demo

app = typer.Typer()
app.command()(demo)


def fails(*arguments: str) -> str:
    """Run the command, which must fail, and return its complaint."""
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    complaint = result.stderr.strip()
    assert complaint.startswith("antiphon demo: ")
    assert "\n" not in complaint
    return complaint


@pytest.mark.parametrize(
    ("pinned", "name"), [(weights.PINNED, "model.bin"), (model.PINNED, "hibari.onnx")]
)
def test_weights_that_were_changed_are_told_before_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pinned: dict[str, str], name: str
) -> None:
    monkeypatch.setitem(pinned, name, "0" * 64)
    complaint = fails("--out", str(tmp_path), "--voice", "hibari", "--stt", "whisper")
    assert "is not the file that was pinned" in complaint


def wav(bits: int, body: bytes) -> bytes:
    header = struct.pack("<HHIIHH", 1, 1, 16000, 16000 * bits // 8, bits // 8, bits)
    return (
        b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + header + struct.pack("<4sI", b"data", len(body)) + body
    )


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"not a sound", "is not a WAV file"),
        (wav(24, b"\0\0\0"), "24-bit PCM samples: convert it"),
        (wav(16, b""), "its data is empty"),
        (wav(16, bytes(32000)), "is silent"),
    ],
)
def test_a_wav_that_cannot_be_used(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "caller.wav"
    path.write_bytes(content)
    out = tmp_path / "out"

    assert complaint in fails("--wav", str(path), "--out", str(out))
    assert not out.exists()


def test_a_wav_that_is_not_there(tmp_path: Path) -> None:
    assert "No such file" in fails("--wav", str(tmp_path / "none.wav"))


def test_an_output_folder_that_cannot_be_made(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    assert f"cannot write {file}" in fails("--out", str(file))
    assert f"cannot write {file}" in fails("--out", str(file / "below"))


def test_an_output_file_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "call.wav").mkdir()

    assert "call.wav: Is a directory" in fails("--out", str(tmp_path))


def test_a_voice_that_espeak_does_not_have(tmp_path: Path) -> None:
    assert "unknown eSpeak voice 'en-us+nobody'" in fails(
        "--voice", "en-us+nobody", "--out", str(tmp_path / "out")
    )
