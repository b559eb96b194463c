"""What is told before the weights are installed is what is pinned."""

import tomllib
from importlib import resources
from pathlib import Path

from antiphon.services.hibari import model
from antiphon.services.whisper import weights

ROOT = Path(__file__).parents[2]


def test_what_the_extra_brings_is_told_as_it_is_pinned() -> None:
    told = resources.files("antiphon.services").joinpath("speech.txt").read_text("utf-8")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]

    for requirement in extras["speech"]:
        assert requirement.replace("==", " ").partition(">=")[0] in told
    assert f"model.bin    sha256 {weights.PINNED['model.bin']}" in told
    assert f"hibari.onnx  sha256 {model.PINNED['hibari.onnx']}" in told
