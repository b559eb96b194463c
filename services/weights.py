"""Weights that came in somebody else's package, and are loaded only if they are the ones we read.

A model file is as much a program as a library is: a name and a version do not say that nobody put
another one in its place.
"""

import hashlib
import importlib.util
from pathlib import Path

__all__ = ["WeightsError", "in_package", "verified"]


class WeightsError(RuntimeError):
    """Weights that are not there, or are not what they should be; the text says it in one line."""


def verified(path: Path, sha256: str) -> Path:
    """Make sure of a file before it is loaded; 75 MB take a tenth of a second, so not on the loop.

    Args:
        path: The file.
        sha256: Its digest in full, in hexadecimal.

    Returns:
        The same path.

    Raises:
        WeightsError: If the file is not there or is another one.
    """
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(f"{path}: {error.strerror or 'cannot be read'}") from error
    if digest != sha256.lower():
        raise WeightsError(
            f"{path} is not the file that was pinned: its sha256 begins {digest[:12]}, not "
            f"{sha256[:12].lower()}; it is not loaded"
        )
    return path


def in_package(package: str) -> Path | None:
    """Where an installed package lies, found without running any of it.

    Args:
        package: Its import name, without dots.

    Returns:
        Its folder, or None if it is not installed.
    """
    spec = importlib.util.find_spec(package)
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))) if places else None
