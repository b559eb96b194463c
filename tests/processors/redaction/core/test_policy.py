"""A policy says who may have what of each type, and refuses what may not be."""

from pathlib import Path

import pytest

from antiphon.processors.redaction import Policy
from antiphon.processors.redaction.core.entities import ENTITY_TYPES, SENSITIVE_AUTHENTICATION
from antiphon.processors.redaction.core.policy import FOR_THE_RECORD

YAML = """
preset: pci
strict: true
model: {US_SSN: hash}
ear: {EMAIL_ADDRESS: full}
tools:
  send_receipt: [PERSON]
"""


def test_a_policy_is_read_from_yaml_on_top_of_a_preset(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(YAML)

    for policy in (Policy.from_yaml(YAML), Policy.from_yaml(tmp_path / "policy.yaml")):
        assert policy.strict
        assert policy.action("CREDIT_CARD") == "last_four"
        assert policy.action("PERSON") == "placeholder"
        assert policy.action("PHONE_NUMBER") == "pass"
        assert policy.action("EMAIL_ADDRESS") == "pass"
        assert policy.action("US_SSN") == "hash"
        assert policy.ear == {"EMAIL_ADDRESS": "full", "PERSON": "full"}
        assert policy.tools == {"send_receipt": {"PERSON"}}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("model: {SHOE_SIZE: redact}", "SHOE_SIZE"),
        ("ear: {SHOE_SIZE: full}", "SHOE_SIZE"),
        ("tools: {pay: [SHOE_SIZE]}", "SHOE_SIZE"),
        ("model: {US_SSN: shred}", "US_SSN.*shred.*pass, redact, last_four, hash"),
        ("model: {US_SSN: placeholder}", "placeholder"),
        ("ear: {US_SSN: sung}", "sung.*full, last_four"),
        ("default: shred", "shred"),
        ("model: {CVV: last_four}", "CVV"),
        ("model: {PIN: hash}", "PIN"),
        ("ear: {CVV: full}", "CVV"),
        ("preset: hippo", "hippo"),
        ("colour: red", "colour"),
    ],
)
def test_a_wrong_policy_is_refused_with_the_wrong_value(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Policy.from_yaml(text)


def test_one_name_in_place_of_a_list_is_refused() -> None:
    with pytest.raises(TypeError, match="'PERSON' is one name"):
        Policy(tools={"pay": "PERSON"})


def test_what_somebody_may_have_back_is_a_placeholder_and_else_nothing_is_kept() -> None:
    policy = Policy(
        model={"CREDIT_CARD": "last_four"},
        default="redact",
        ear={"PHONE_NUMBER": "full"},
        tools={"pay": ("CREDIT_CARD", "CVV")},
    )
    kept = {kind for kind in ENTITY_TYPES if policy.action(kind) == "placeholder"}
    assert kept == {"PHONE_NUMBER", "CREDIT_CARD", "CVV"}
    assert policy.action("PIN") == "redact"
    assert Policy(default="hash").action("CVV") == "redact"
    assert Policy(ear={"PHONE_NUMBER": "full"}).action("PHONE_NUMBER") == "pass"


def test_a_policy_cannot_be_changed_and_hides_its_key() -> None:
    policy = Policy(hash_key=b"secret", tools={"pay": ["CVV"]})

    with pytest.raises(AttributeError):
        policy.strict = True  # type: ignore[misc]
    with pytest.raises(TypeError):
        policy.model["CVV"] = "pass"  # type: ignore[index]
    assert "secret" not in repr(policy)
    assert "'pay': ['CVV']" in repr(policy)


def test_a_model_may_read_all_but_what_no_model_needs() -> None:
    hidden = {kind for kind in ENTITY_TYPES if Policy().action(kind) != "pass"}
    assert hidden == SENSITIVE_AUTHENTICATION | {
        "CREDIT_CARD",
        "CARD_EXPIRY",
        "US_SSN",
        "US_ITIN",
        "NATIONAL_ID",
        "BANK_ACCOUNT",
        "ROUTING_NUMBER",
        "IBAN_CODE",
    }
    assert Policy.preset("model") == Policy()


@pytest.mark.parametrize("name", ["pci", "gdpr", "hipaa", "strict"])
def test_a_preset_hides_more_from_the_model_and_gives_no_secret_to_the_ear(name: str) -> None:
    policy = Policy.preset(name)
    hidden = {kind for kind in ENTITY_TYPES if policy.action(kind) != "pass"}
    never = {kind for kind in ENTITY_TYPES if Policy().action(kind) != "pass"}
    assert hidden > never
    assert "full" not in {policy.ear.get(kind) for kind in never}
    assert policy.strict is (name == "strict")


def test_the_record_keeps_nothing_of_any_type() -> None:
    assert {FOR_THE_RECORD.action(kind) for kind in ENTITY_TYPES} == {"redact"}
