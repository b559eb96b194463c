"""What may be told of an error: what it is and where it arose, never its text, which may quote.

A caller's words or a secret may be in it. Only what our own code says when it refuses something is
written to be read, and quotes neither.
"""

import os
import sysconfig
import traceback
from types import TracebackType

__all__ = ["error_fields", "why"]

_STDLIB = sysconfig.get_path("stdlib")


def error_fields(error: BaseException, trace: TracebackType | None) -> dict[str, str]:
    """Tell what an error is and where it arose: in the app, if that can be told, not a library.

    Args:
        error: The error.
        trace: Its traceback.
    """
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
        trace = error.__traceback__
    told = {"error": type(error).__name__}
    places = [
        (frame.f_code.co_filename, line, frame.f_code.co_name)
        for frame, line in traceback.walk_tb(trace)
    ]
    if isinstance(error, SyntaxError) and error.filename:
        told["at"] = f"{error.filename}:{error.lineno}"
    elif places:
        apps = [place for place in places if _is_apps(place[0])]
        file, line, function = (apps or places)[-1]
        told["at"] = f"{file}:{line} in {function}"
    return told


def why(error: BaseException) -> str:
    """Say in one line why something could not be made ready, before any caller is there.

    Args:
        error: What was raised.

    Returns:
        Our own words, or those of a module that is missing; else the error's type and place.
    """
    raisers = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    is_ours = raisers and str(raisers[-1].f_globals.get("__name__")).startswith("antiphon.")
    if isinstance(error, ImportError) or (is_ours and isinstance(error, ValueError)):
        return " ".join(str(error).split())
    told = error_fields(error, error.__traceback__)
    return " at ".join(told.values())


def _is_apps(file: str) -> bool:
    folders = os.path.dirname(file).split(os.sep)
    is_library = "site-packages" in folders or "dist-packages" in folders
    return os.path.isabs(file) and not is_library and not file.startswith(_STDLIB)
