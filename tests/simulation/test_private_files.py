"""What was said in a call can be read by its owner only, from the first byte on."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from antiphon.pipeline.cli.command import app
from antiphon.simulation.private_files import make_folder, open_file, write_file
from antiphon.simulation.recording import StereoRecording
from antiphon.simulation.scenarios.loading import SHIPPED


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def umask_that_hides_nothing() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def record(path: Path) -> None:
    StereoRecording(path).close()


@pytest.mark.parametrize("write", [lambda path: write_file(path, "said"), record])
@pytest.mark.parametrize("was_there", [False, True])
def test_a_file_is_private_whatever_was_there(
    tmp_path: Path, write: Callable[[Path], None], was_there: bool
) -> None:
    path = tmp_path / "call"
    if was_there:
        path.touch()
        path.chmod(0o666)
    write(path)

    assert mode(path) == 0o600


def test_it_is_private_before_anything_is_written(tmp_path: Path) -> None:
    with open_file(tmp_path / "call.wav") as file:
        assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == 0o600


def test_whoever_had_the_old_file_open_reads_nothing_of_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "call"
    path.write_text("old")
    path.chmod(0o644)
    with path.open() as reader:
        write_file(path, "what was said")

        assert reader.read() == "old"
    assert path.read_text() == "what was said"


def test_what_a_link_leads_to_stays_and_becomes_private(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("something longer than what was said")
    target.chmod(0o644)
    link.symlink_to(target)
    write_file(link, "said")

    assert link.is_symlink()
    assert target.read_text() == "said"
    assert mode(target) == 0o600


def test_what_is_no_file_is_written_as_it_is() -> None:
    before = mode(Path(os.devnull))
    write_file(Path(os.devnull), "said")

    assert mode(Path(os.devnull)) == before


def test_folders_made_on_the_way_are_private_and_others_keep_their_mode(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    there.chmod(0o755)
    make_folder(there / "new" / "newer")

    assert mode(there) == 0o755
    assert mode(there / "new") == 0o700
    assert mode(there / "new" / "newer") == 0o700


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(OSError, match="file"):
        make_folder(tmp_path / "file" / "folder")


@pytest.mark.system
def test_all_that_a_simulated_call_leaves_is_private(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = CliRunner().invoke(
        app, ["simulate", str(SHIPPED / "hang_up.yaml"), "--report", str(out)]
    )

    assert result.exit_code == 0
    left = {path.relative_to(out).as_posix(): mode(path) for path in out.rglob("*")}
    assert left.pop("hang_up") == mode(out) == 0o700
    assert left == dict.fromkeys(
        (
            "junit.xml",
            "results.json",
            "hang_up/call.wav",
            "hang_up/transcript.jsonl",
            "hang_up/report.html",
        ),
        0o600,
    )


def test_a_load_report_is_private(tmp_path: Path) -> None:
    report = tmp_path / "load.json"
    CliRunner().invoke(
        app, ["load", "ws://127.0.0.1:1/ws", "--calls", "1", "--for", "5", "--report", str(report)]
    )

    assert mode(report) == 0o600
