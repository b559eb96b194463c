"""A file that is not the one that was pinned is not loaded, and the error says so in one line."""

import hashlib
import sys
from pathlib import Path

import pytest

from antiphon.services.weights import WeightsError, in_package, verified

PINNED = hashlib.sha256(b"weights").hexdigest()


@pytest.mark.parametrize("sha256", [PINNED, PINNED.upper()])
def test_the_pinned_file_is_taken(tmp_path: Path, sha256: str) -> None:
    model = tmp_path / "model.bin"
    model.write_bytes(b"weights")

    assert verified(model, sha256) == model


@pytest.mark.parametrize("content", [b"", b"weightS", b"weights\n"])
def test_any_other_file_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    model = tmp_path / "model.bin"
    model.write_bytes(content)

    with pytest.raises(WeightsError, match="not the file that was pinned") as refused:
        verified(model, PINNED)
    assert str(model) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_missing_file_and_a_folder_are_told_apart_from_a_wrong_one(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="No such file"):
        verified(tmp_path / "model.bin", PINNED)
    with pytest.raises(WeightsError, match="directory"):
        verified(tmp_path, PINNED)


def test_a_package_is_found_without_being_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "weights_of_a_stranger"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('was run')")
    monkeypatch.syspath_prepend(str(tmp_path))

    assert in_package("weights_of_a_stranger") == package
    assert "weights_of_a_stranger" not in sys.modules
    assert in_package("no_such_package_anywhere") is None
