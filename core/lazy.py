"""Names that a package exports, each imported when it is first asked for.

So that one processor does not pay for the others, and what needs no Pipecat does not import it.
"""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["exports"]


def exports(
    package: str, names: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make a package's `__getattr__` and `__dir__`.

    Args:
        package: The package's `__name__`.
        names: By each of its modules, the names that are exported from it, separated by spaces.
    """
    homes = {name: module for module, listed in names.items() for name in listed.split()}

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{homes[name]}"), name)

    def names_there() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes})

    return get, names_there
