"""A policy says what happens to each type, and refuses what may not be."""

from pathlib import Path

import pytest

from antiphon.processors.redaction import Policy, Rule, RuleAction
from antiphon.processors.redaction.core.entities import ENTITY_TYPES

YAML = """
preset: pci
strict: true
rules:
  EMAIL_ADDRESS: {action: placeholder, restore_to: [tts, send_receipt]}
  US_SSN: hash
"""


def test_a_policy_is_read_from_yaml_on_top_of_a_preset(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(YAML)

    for policy in (Policy.from_yaml(YAML), Policy.from_yaml(tmp_path / "policy.yaml")):
        assert policy.strict
        assert policy.rule("CREDIT_CARD").action is RuleAction.LAST_FOUR
        assert policy.rule("PHONE_NUMBER").action is RuleAction.PASS
        assert policy.rule("US_SSN").action is RuleAction.HASH
        assert policy.restorable("send_receipt") == {"EMAIL_ADDRESS"}
        assert policy.restorable("other_tool") == frozenset()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("rules: {SHOE_SIZE: redact}", "SHOE_SIZE"),
        ("rules: {US_SSN: shred}", "shred"),
        ("rules: {CVV: placeholder}", "CVV"),
        ("rules: {PIN: hash}", "PIN"),
        ("preset: hippo", "hippo"),
        ("colour: red", "colour"),
        ("rules: {US_SSN: {action: redact, restore_to: [tts]}}", "restore_to"),
    ],
)
def test_a_wrong_policy_is_refused_with_the_wrong_value(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Policy.from_yaml(text)


def test_a_default_that_keeps_values_does_not_keep_security_codes() -> None:
    policy = Policy(default=Rule(RuleAction.PLACEHOLDER))

    assert policy.rule("CVV").action is RuleAction.REDACT
    assert policy.rule("EMAIL_ADDRESS").action is RuleAction.PLACEHOLDER


def test_a_policy_cannot_be_changed_and_hides_its_key() -> None:
    policy = Policy(hash_key=b"secret")

    with pytest.raises(AttributeError):
        policy.strict = True  # type: ignore[misc]
    with pytest.raises(TypeError):
        policy.rules["CVV"] = Rule()  # type: ignore[index]
    assert "secret" not in repr(policy)


def test_a_model_may_read_all_but_what_no_model_needs() -> None:
    policy = Policy.preset("model")
    hidden = {kind for kind in ENTITY_TYPES if policy.rule(kind).action is not RuleAction.PASS}
    assert hidden == {
        "CREDIT_CARD",
        "CVV",
        "CARD_EXPIRY",
        "PIN",
        "US_SSN",
        "BANK_ACCOUNT",
        "ROUTING_NUMBER",
        "IBAN_CODE",
    }
