"""How to tell whether somebody's inside is as a part of ours knows it."""

import dis
import importlib
import inspect
from collections.abc import Callable, Iterator
from enum import StrEnum
from types import CodeType
from typing import Any, NamedTuple

__all__ = ["Lean", "Part"]


class Part(StrEnum):
    """A part of ours that leans on somebody's inside."""

    VAD = "the VAD that all calls share"
    SMART_TURN = "the Smart Turn that all calls share"
    TELEPHONE = "the fast path of a telephone's audio"
    ROOM = "the one track of all people in a room"
    OBSERVERS = "the fast path past observers"
    BYPASS = "the fast path past processors"
    CHECK = "the check for unguarded ways out"
    LOGS = "the log guard"
    SERVER = "the limits and the drain of the server"
    EVENTS = "the events of processors and transports"
    SERVICES = "the embedded services"
    TURNS = "the question to other strategies before an interruption"
    CLIENTS = "the end of an OpenAI service's connections"
    REALTIME = "the truncation of a speech-to-speech model's reply at what was heard"


class Lean(NamedTuple):
    """What one part leans on in one class.

    Parameters:
        part: Whose feature breaks without it.
        holder: The class, as `module:Class`.
        names: Attributes, and methods with the parameters that are passed or overridden.
        reason: Why the public API does not do.
        constructs: All that the class's constructor sets, where we set it instead.
    """

    part: Part
    holder: str
    names: tuple[str, ...]
    reason: str
    constructs: frozenset[str] | None = None

    def lacks(self) -> Iterator[str]:
        """Name what is not there, or not as it was, in the versions that are installed."""
        module, _, name = self.holder.partition(":")
        try:
            holder = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError):
            yield f"{self.holder} is gone"
            return
        for leaned_on in self.names:
            attribute, is_method, parameters = leaned_on.rstrip(")").partition("(")
            wanted = parameters.split(", ") if parameters else []
            if is_method and not _takes(getattr(holder, attribute, None), wanted):
                yield f"{self.holder}.{leaned_on} is gone or takes something else"
            elif not (is_method or attribute in _attributes_of(holder)):
                yield f"{self.holder}.{attribute} is gone"
        if self.constructs is not None:
            stores = [
                i.argval for i in dis.get_instructions(holder.__init__) if i.opname == "STORE_ATTR"
            ]
            if other := {name for name in stores if name.startswith("_")} ^ self.constructs:
                yield f"{self.holder}() sets other than before {', '.join(sorted(other))}"


def _takes(method: Callable[..., Any] | None, wanted: list[str]) -> bool:
    """Whether a method takes parameters by these names in this order, and needs no others."""
    if not callable(method):
        return False
    parameters = list(inspect.signature(method).parameters.values())[1:]
    needless = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [p.name for p in parameters[: len(wanted)]] == wanted and all(
        p.kind in needless or p.default is not p.empty for p in parameters[len(wanted) :]
    )


def _attributes_of(holder: type) -> set[str]:
    """Each attribute of a class, and each that its methods or its parents' get or set."""
    codes = [
        inspect.unwrap(function).__code__
        for cls in holder.__mro__
        for member in vars(cls).values()
        for function in ((member.fget, member.fset) if isinstance(member, property) else (member,))
        if inspect.isfunction(function)
    ]
    names = set(dir(holder))
    while codes:
        code = codes.pop()
        names.update(code.co_names)
        codes += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return names
