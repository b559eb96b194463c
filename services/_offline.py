"""Loading what the `offline` extra brings, only when it is used and with one clear error."""

import importlib
from types import ModuleType


def import_offline(module: str) -> ModuleType:
    """Import a module that `pip install 'antiphon[offline]'` brings.

    Args:
        module: The module's import name.

    Raises:
        ImportError: If it is not installed; the text is the line to type.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{module} is not installed: pip install 'antiphon[offline]'", name=module
        ) from error
