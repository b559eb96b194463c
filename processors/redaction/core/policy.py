"""What happens to each kind of personal data, and who may have it back: one frozen object."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from antiphon.processors.redaction.core.entities import ENTITY_TYPES, SENSITIVE_AUTHENTICATION

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PRESETS", "TTS", "Policy", "Rule", "RuleAction"]

TTS = "tts"


class RuleAction(StrEnum):
    """What replaces a value."""

    REDACT = "redact"  # <CREDIT_CARD>
    LAST_FOUR = "last_four"  # <CREDIT_CARD 1881>, once the value is whole
    HASH = "hash"  # <CREDIT_CARD 9f86d081884c>, keyed, equal for equal values
    PLACEHOLDER = "placeholder"  # <CARD_1_k7q2xd>, kept in the vault
    PASS = "pass"  # the value itself


class Rule(NamedTuple):
    """What happens to one type.

    Parameters:
        action: What replaces the value.
        restore_to: Who may have it back: `"tts"` and names of tools. Only of a placeholder.
    """

    action: RuleAction = RuleAction.REDACT
    restore_to: frozenset[str] = frozenset()


NO_RULES: Mapping[str, Rule] = MappingProxyType({})
REDACTED = Rule()


class _Settings(NamedTuple):
    rules: Mapping[str, Rule]
    default: Rule
    strict: bool
    hash_key: bytes


class Policy(_Settings):
    """A rule per entity type, and what must hold before a call may start.

    Immutable. A tuple rather than a dataclass, whose machinery alone takes a fifth of the time in
    which the core must start.

    Parameters:
        rules: Rules by type; see `ENTITY_TYPES`.
        default: The rule of every other type.
        strict: Refuse to start while a way out is unguarded (see `PIIRedactor.check`).
        hash_key: Key of `RuleAction.HASH`. Without one each call draws its own, and hashes of two
            calls cannot be compared.

    Raises:
        ValueError: For an unknown type, for a value to be kept that may not be (CVV, PIN), or for
            `restore_to` on a type that is not replaced by a placeholder.
    """

    __slots__ = ()

    def __new__(
        cls,
        *,
        rules: Mapping[str, Rule] = NO_RULES,
        default: Rule = REDACTED,
        strict: bool = False,
        hash_key: bytes = b"",
    ) -> Self:
        """Check the rules."""
        for kind, rule in rules.items():
            if kind not in ENTITY_TYPES:
                known = ", ".join(sorted(ENTITY_TYPES))
                raise ValueError(f"unknown entity type {kind!r}; known are {known}")
            kept = rule.action not in (RuleAction.REDACT, RuleAction.PASS)
            if kind in SENSITIVE_AUTHENTICATION and kept:
                raise ValueError(
                    f"{kind} may not be kept in any form; use redact, not {rule.action}"
                )
        for name, rule in (*rules.items(), ("default", default)):
            if rule.restore_to and rule.action is not RuleAction.PLACEHOLDER:
                raise ValueError(f"{name}: restore_to needs action placeholder, not {rule.action}")
        return super().__new__(cls, MappingProxyType(dict(rules)), default, strict, hash_key)

    def __repr__(self) -> str:
        return f"Policy(rules={dict(self.rules)}, default={self.default}, strict={self.strict})"

    def rule(self, kind: str) -> Rule:
        """The rule for a type. A CVV or PIN is redacted where only the default would keep it."""
        found = self.rules.get(kind, self.default)
        if kind in SENSITIVE_AUTHENTICATION and found.action is not RuleAction.PASS:
            return Rule()
        return found

    def restorable(self, target: str) -> frozenset[str]:
        """The types that `target` ("tts" or a tool's name) may have back."""
        return frozenset(k for k in ENTITY_TYPES if target in self.rule(k).restore_to)

    @classmethod
    def preset(cls, name: str) -> "Policy":
        """A ready policy.

        Args:
            name: `model` (what no model needs to serve a caller: cards and what goes with them,
                bank accounts, social security numbers; names, addresses and the rest pass), `pci`
                (cards and what goes with them, bank accounts; the rest passes), `hipaa`
                (everything, irreversibly), `gdpr` (placeholders, given back to the TTS) or `strict`
                (everything, irreversibly, and no start while a way out is unguarded).

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
        rules:
          CREDIT_CARD: last_four
          EMAIL_ADDRESS: {action: placeholder, restore_to: [tts, send_receipt]}
        ```

        Raises:
            ValueError: If a key, an action or a type is unknown.
        """
        import yaml

        text = source if isinstance(source, str) else source.read_text(encoding="utf-8")
        table: dict[str, Any] = yaml.safe_load(text) or {}
        allowed = {"preset", "strict", "default", "rules"}
        if unknown := set(table) - allowed:
            raise ValueError(f"unknown keys {sorted(unknown)}; allowed are {sorted(allowed)}")
        base = cls.preset(table["preset"]) if "preset" in table else cls()
        rules = {k: _rule(k, v) for k, v in (table.get("rules") or {}).items()}
        return cls(
            rules={**base.rules, **rules},
            default=_rule("default", table["default"]) if "default" in table else base.default,
            strict=bool(table.get("strict", base.strict)),
        )


def _rule(kind: str, value: Any) -> Rule:
    table = value if isinstance(value, dict) else {"action": value}
    try:
        action = RuleAction(table.get("action", "redact"))
    except ValueError:
        raise ValueError(
            f"{kind}: unknown action {table.get('action')!r}; known are {', '.join(RuleAction)}"
        ) from None
    return Rule(action, frozenset(table.get("restore_to", ())))


_CARD_DATA = ("CARD_EXPIRY", "CVV", "PIN", "BANK_ACCOUNT", "ROUTING_NUMBER", "IBAN_CODE")

PRESETS: Mapping[str, Policy] = MappingProxyType(
    {
        "model": Policy(
            rules={kind: Rule() for kind in ("CREDIT_CARD", "US_SSN", *_CARD_DATA)},
            default=Rule(RuleAction.PASS),
        ),
        "pci": Policy(
            rules={"CREDIT_CARD": Rule(RuleAction.LAST_FOUR), **{k: Rule() for k in _CARD_DATA}},
            default=Rule(RuleAction.PASS),
        ),
        "hipaa": Policy(),
        "gdpr": Policy(default=Rule(RuleAction.PLACEHOLDER, frozenset({TTS}))),
        "strict": Policy(strict=True),
    }
)
