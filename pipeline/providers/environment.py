"""What the environment and `.env` say: keys, addresses, models, voices."""

import os
from collections.abc import Mapping

from dotenv import dotenv_values

__all__ = ["Environment", "read_environment"]

Environment = Mapping[str, str]


def read_environment() -> Environment:
    """Read the variables that are set, those of the process before those of `.env`.

    Raises:
        ValueError: If `.env` cannot be read.
    """
    try:
        values = {**dotenv_values(".env"), **os.environ}
    except UnicodeDecodeError:
        # Without the error that knows the text.
        values = None
    if values is None:
        raise ValueError(".env is not UTF-8 text")
    return {name: value for name, value in values.items() if value}
