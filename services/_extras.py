"""Loading what an extra brings, only when it is used and with one clear error."""

import importlib
from types import ModuleType


def import_extra(module: str, extra: str) -> ModuleType:
    """Import a module that `pip install 'antiphon[EXTRA]'` brings.

    Args:
        module: The module's import name.
        extra: The extra's name.

    Raises:
        ImportError: If it is not installed; the text is the line to type.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{module} is not installed: pip install 'antiphon[{extra}]'", name=module
        ) from error
