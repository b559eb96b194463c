"""Who may have what of a call: one frozen object for the ear, the model, the record and the tools.

What the model may not read is a tag there. If the ear or a tool may have it back, it is a
placeholder and kept; nothing is kept that nobody may have. The record has no setting: nothing
personal of either side is in it.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

from antiphon.processors.redaction.core.entities import ENTITY_TYPES, SENSITIVE_AUTHENTICATION

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FOR_THE_RECORD", "PRESETS", "Action", "Aloud", "Policy"]


class Action(StrEnum):
    """What the model reads in the place of a value."""

    PASS = "pass"  # the value itself
    REDACT = "redact"  # <CREDIT_CARD>
    PLACEHOLDER = "placeholder"  # <CARD_1_kqtxwd>: somebody may have it back
    LAST_FOUR = "last_four"  # <CREDIT_CARD 1881>, once the value is whole
    HASH = "hash"  # <CREDIT_CARD 9f86d081884c>, keyed, equal for equal values


class Aloud(StrEnum):
    """How the voice says a value that the model does not know."""

    FULL = "full"
    LAST_FOUR = "last_four"  # "ending in 1 8 8 1"


E = TypeVar("E", bound=StrEnum)

NOTHING: Mapping[str, Any] = MappingProxyType({})

# What no model needs to serve a caller.
HIDDEN = SENSITIVE_AUTHENTICATION | {
    "CREDIT_CARD",
    "CARD_EXPIRY",
    "US_SSN",
    "US_ITIN",
    "NATIONAL_ID",
    "BANK_ACCOUNT",
    "ROUTING_NUMBER",
    "IBAN_CODE",
}


class _Settings(NamedTuple):
    model: Mapping[str, Action]
    default: Action
    ear: Mapping[str, Aloud]
    tools: Mapping[str, frozenset[str]]
    strict: bool
    hash_key: bytes


class Policy(_Settings):
    """Who may have what of a call.

    Immutable. A tuple rather than a dataclass, whose machinery alone takes a fifth of the time in
    which the core must start.

    Parameters:
        model: What the model reads in the place of a value, by type: "pass", "redact", "last_four"
            or "hash". What no model needs to serve a caller is redacted unless it says otherwise:
            cards and what goes with them, PINs and codes, social security, tax and national
            numbers, bank accounts.
        default: What it reads of every other type.
        ear: What the voice says where the model wrote a placeholder, by type: "full" or
            "last_four". Of other types it says what they are.
        tools: The types that a tool is given, by the tool's name. It has a security code or a PIN
            once.
        strict: Refuse to start while a way out is unguarded (see `PIIRedactor.check`).
        hash_key: Key of "hash". Without one each call draws its own, and hashes of two calls cannot
            be compared.

    Raises:
        ValueError: For an unknown type or action, and for a security code or PIN that would be kept
            for anything but a tool.
    """

    __slots__ = ()

    def __new__(
        cls,
        *,
        model: Mapping[str, str] = NOTHING,
        default: str = Action.PASS,
        ear: Mapping[str, str] = NOTHING,
        tools: Mapping[str, Collection[str]] = NOTHING,
        strict: bool = False,
        hash_key: bytes = b"",
    ) -> Self:
        """Check the settings."""
        hidden = dict.fromkeys(HIDDEN, Action.REDACT)
        actions = {kind: _known(Action, name, kind) for kind, name in model.items()}
        aloud = {kind: _known(Aloud, name, kind) for kind, name in ear.items()}
        given = {tool: _types(kinds) for tool, kinds in tools.items()}
        _types([*actions, *aloud])
        for kind in SENSITIVE_AUTHENTICATION:
            if actions.get(kind) in (Action.LAST_FOUR, Action.HASH) or kind in aloud:
                raise ValueError(f"{kind} may not be kept in any form, nor be said")
        return super().__new__(
            cls,
            MappingProxyType(hidden | actions),
            _known(Action, default, "default"),
            MappingProxyType(aloud),
            MappingProxyType(given),
            strict,
            hash_key,
        )

    def __repr__(self) -> str:
        model = {kind: str(action) for kind, action in self.model.items()}
        ear = {kind: str(aloud) for kind, aloud in self.ear.items()}
        tools = {tool: sorted(kinds) for tool, kinds in self.tools.items()}
        return (
            f"Policy(model={model}, default='{self.default}', ear={ear}, tools={tools}, "
            f"strict={self.strict})"
        )

    def action(self, kind: str) -> Action:
        """What the model reads of a type."""
        found = self.model.get(kind, self.default)
        if found is Action.PASS:
            return found
        if kind in self.ear or any(kind in kinds for kinds in self.tools.values()):
            return Action.PLACEHOLDER
        return Action.REDACT if kind in SENSITIVE_AUTHENTICATION else found

    def for_tool(self, tool: str) -> "Policy":
        """What a tool may be given by a model that knows everything."""
        given = dict.fromkeys(self.tools.get(tool, ()), Action.PASS)
        return self._replace(model=MappingProxyType({**self.model, **given}))

    @classmethod
    def preset(cls, name: str) -> "Policy":
        """A ready policy.

        Args:
            name: `model` (the default: the model reads all but what no model needs), `pci` (of a
                card the last four, and not the cardholder's name), `gdpr` (nothing personal, but
                the caller hears what they have given; the last four of what `model` hides), `hipaa`
                (nothing personal, and nothing is kept) or `strict` (as `hipaa`, and no start while
                a way out is unguarded).

        Raises:
            ValueError: If there is none of that name.
        """
        if name not in PRESETS:
            raise ValueError(f"no preset {name!r}; there are {', '.join(PRESETS)}")
        return PRESETS[name]

    @classmethod
    def from_yaml(cls, source: "str | Path") -> "Policy":
        """Read a policy from YAML text or, given a `Path`, from a file.

        ```yaml
        preset: gdpr            # optional: what to start from
        strict: true
        default: redact
        model: {IP_ADDRESS: pass, US_SSN: hash}
        ear: {EMAIL_ADDRESS: full, CREDIT_CARD: last_four}
        tools:
          send_receipt: [EMAIL_ADDRESS]
        ```

        Raises:
            ValueError: If a key, an action or a type is unknown.
        """
        import yaml

        text = source if isinstance(source, str) else source.read_text(encoding="utf-8")
        table: dict[str, Any] = yaml.safe_load(text) or {}
        allowed = {"preset", "strict", "default", "model", "ear", "tools"}
        if unknown := set(table) - allowed:
            raise ValueError(f"unknown keys {sorted(unknown)}; allowed are {sorted(allowed)}")
        base = cls.preset(table["preset"]) if "preset" in table else cls()
        return cls(
            model={**base.model, **(table.get("model") or {})},
            default=table.get("default", base.default),
            ear={**base.ear, **(table.get("ear") or {})},
            tools={**base.tools, **(table.get("tools") or {})},
            strict=bool(table.get("strict", base.strict)),
        )


def _known(names: type[E], name: str, kind: str) -> E:
    # Who may have what says which values are placeholders.
    known = {str(each): each for each in names if each is not Action.PLACEHOLDER}
    if name not in known:
        raise ValueError(f"{kind}: unknown action {name!r}; known are {', '.join(known)}")
    return known[name]


def _types(kinds: Collection[str]) -> frozenset[str]:
    if isinstance(kinds, str):
        raise TypeError(f"{kinds!r} is one name; give a list of entity types")
    if unknown := set(kinds) - ENTITY_TYPES:
        known = ", ".join(sorted(ENTITY_TYPES))
        raise ValueError(f"unknown entity types {sorted(unknown)}; known are {known}")
    return frozenset(kinds)


_HEARD_AGAIN = dict.fromkeys(ENTITY_TYPES - SENSITIVE_AUTHENTICATION, "full") | dict.fromkeys(
    HIDDEN - SENSITIVE_AUTHENTICATION, "last_four"
)

PRESETS: Mapping[str, Policy] = MappingProxyType(
    {
        "model": Policy(),
        "pci": Policy(
            model={"CREDIT_CARD": "last_four", "PERSON": "redact"}, ear={"PERSON": "full"}
        ),
        "gdpr": Policy(default="redact", ear=_HEARD_AGAIN),
        "hipaa": Policy(default="redact"),
        "strict": Policy(default="redact", strict=True),
    }
)

# What `Redactor()` goes by, and whatever writes about a call.
FOR_THE_RECORD = PRESETS["hipaa"]
