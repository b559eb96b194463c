"""The tools of a call are given what the policy names them for, and their results are redacted."""

import inspect
from typing import Any

import pytest
from pipecat.adapters.llm.schemas.direct_function import DirectFunctionWrapper
from pipecat.services.llm_service import FunctionCallParams

from antiphon.processors.redaction import PIIRedactor, Policy

CARD = "4539148803436467"
POLICY = Policy(tools={"charge": ("CREDIT_CARD", "CVV")})


class Called:
    """A tool as an LLM service calls it."""

    def __init__(self, policy: Policy = POLICY) -> None:
        self.redactor = PIIRedactor(policy=policy)
        self.seen: list[Any] = []
        self.card = self.redactor.core.redact(f"my card is {CARD}").text.split()[-1]

    async def call(self, name: str, arguments: dict[str, Any], result: Any = None) -> list[Any]:
        delivered: list[Any] = []

        async def handler(params: FunctionCallParams) -> None:
            self.seen.append(params.arguments)
            await params.result_callback(result)

        async def deliver(result: Any, *, properties: Any = None) -> None:
            delivered.append(result)

        nothing: Any = None
        params = FunctionCallParams(name, "1", arguments, nothing, nothing, nothing, deliver)
        await self.redactor.tool(handler)(params)
        return delivered


async def test_a_named_tool_gets_the_value_and_its_result_is_redacted() -> None:
    call = Called()
    (result,) = await call.call(
        "charge",
        {"card": call.card.lower(), "list": [call.card]},
        {"done": f"charged {CARD}", "pin": "1234"},
    )
    assert call.seen == [{"card": CARD, "list": [CARD]}]
    assert result == {"done": f"charged {call.card}", "pin": "<PIN>"}


async def test_a_tool_that_is_not_named_gets_the_placeholder() -> None:
    call = Called()
    await call.call("weather", {"card": call.card})
    assert call.seen == [{"card": call.card}]
    assert call.redactor.tally.counts["tools", "CREDIT_CARD"] == 0


async def test_a_security_code_is_handed_to_the_named_tool_once_and_forgotten() -> None:
    call = Called()
    call.redactor.expect("security_code")
    code = call.redactor.core.redact("nine one seven").text
    arguments = {"card": call.card, "cvv": code}
    for _ in range(2):
        await call.call("charge", arguments)
    assert call.seen == [{"card": CARD, "cvv": "917"}, {"card": CARD, "cvv": code}]
    assert call.redactor.tally.by_destination()["tools"] == {"CREDIT_CARD": 2, "CVV": 1}


async def test_without_a_tool_that_may_have_it_a_security_code_is_not_kept() -> None:
    redactor = PIIRedactor(policy=Policy.preset("gdpr"))
    redactor.expect("security_code")
    assert redactor.core.redact("nine one seven").text == "<CVV>"
    assert len(redactor.vault) == 0


async def test_a_direct_function_is_given_its_arguments_and_keeps_its_signature() -> None:
    seen: list[Any] = []

    async def charge(params: FunctionCallParams, card: str, cents: int = 5) -> None:
        """Charge.

        Args:
            card: The card.
            cents: How much.
        """
        seen.append((card, cents, params.arguments))

    call = Called()
    tool = call.redactor.tool(charge)
    wrapper = DirectFunctionWrapper(tool)
    assert inspect.signature(tool) == inspect.signature(charge)
    assert wrapper.to_function_schema().required == ["card"]

    nothing: Any = None
    arguments = {"card": call.card, "cents": 100}
    await wrapper.invoke(
        args=arguments,
        params=FunctionCallParams("charge", "1", arguments, nothing, nothing, nothing, nothing),
    )
    assert seen == [(CARD, 100, {"card": CARD, "cents": 100})]


@pytest.mark.parametrize("result", [None, 5, "done", {"status": "paid", "amount": 12.5}])
async def test_a_result_with_nothing_to_hide_is_passed_on_as_it_is(result: Any) -> None:
    assert await Called().call("weather", {}, result) == [result]
