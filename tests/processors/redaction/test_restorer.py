"""PIIRestorer: the TTS and the named tools get values back, nobody else."""

from typing import Any

from pipecat.frames.frames import (
    AggregatedTextFrame,
    EndFrame,
    Frame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
    TTSSpeakFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.llm_service import FunctionCallParams
from pipecat.utils.text.base_text_aggregator import TextType
from pipecat.workers.runner import WorkerRunner

from antiphon.processors.redaction import PIIRestorer, Policy, Rule, RuleAction, Vault

CARD = "4539148803436467"
POLICY = Policy(
    rules={
        "CREDIT_CARD": Rule(RuleAction.PLACEHOLDER, frozenset({"charge"})),
        "PHONE_NUMBER": Rule(RuleAction.PLACEHOLDER, frozenset({"tts"})),
    }
)


class Collector(FrameProcessor):
    """Keeps the text that reaches it."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMTextFrame | AggregatedTextFrame | TTSSpeakFrame):
            self.texts.append(frame.text)
        await self.push_frame(frame, direction)


async def spoken(vault: Vault, *frames: Frame) -> list[str]:
    after = Collector()
    worker = PipelineWorker(Pipeline([PIIRestorer(vault=vault, policy=POLICY), after]))
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await worker.queue_frames([*frames, EndFrame()])
    await runner.run()
    return after.texts


async def test_only_what_the_policy_gives_the_tts_is_spoken_digit_by_digit() -> None:
    vault = Vault()
    phone, card = vault.keep("PHONE_NUMBER", "4155"), vault.keep("CREDIT_CARD", CARD)

    texts = await spoken(vault, AggregatedTextFrame(f"{phone} and {card}", TextType.SENTENCE))

    assert texts == [f"4 1 5 5 and {card}"]


async def test_a_placeholder_in_pieces_is_put_together_first() -> None:
    vault = Vault()
    placeholder = vault.keep("PHONE_NUMBER", "4155")
    pieces = ["call ", *placeholder, " now"]

    texts = await spoken(vault, *[LLMTextFrame(p) for p in pieces], LLMFullResponseEndFrame())

    assert "".join(texts) == "call 4 1 5 5 now"


async def test_text_that_only_begins_like_a_placeholder_is_not_lost() -> None:
    vault = Vault()
    vault.keep("PHONE_NUMBER", "4155")

    texts = await spoken(vault, LLMTextFrame("3 < phone"), LLMFullResponseEndFrame())

    assert "".join(texts) == "3 < phone"


async def call(handler: Any, name: str, arguments: dict[str, Any]) -> list[Any]:
    """Call a tool as an LLM service does, and what it delivers."""
    delivered: list[Any] = []

    async def deliver(result: Any, *, properties: Any = None) -> None:
        delivered.append(result)

    nothing: Any = None
    params = FunctionCallParams(name, "1", arguments, nothing, nothing, nothing, deliver)
    await handler(params)
    return delivered


async def test_a_named_tool_gets_the_value_and_its_result_is_redacted() -> None:
    vault = Vault()
    restorer = PIIRestorer(vault=vault, policy=POLICY)
    seen: list[Any] = []

    @restorer.tool
    async def charge(params: FunctionCallParams) -> None:
        seen.append(params.arguments)
        await params.result_callback({"done": f"charged {CARD}", "cvv": "123"})

    placeholder = vault.keep("CREDIT_CARD", CARD)
    (result,) = await call(charge, "charge", {"card": placeholder.lower(), "list": [placeholder]})

    assert seen == [{"card": CARD, "list": [CARD]}]
    assert result == {"done": f"charged {placeholder}", "cvv": "<CVV>"}


async def test_a_tool_that_is_not_named_gets_the_placeholder() -> None:
    vault = Vault()
    restorer = PIIRestorer(vault=vault, policy=POLICY)
    placeholder = vault.keep("CREDIT_CARD", CARD)
    seen: list[Any] = []

    @restorer.tool
    async def weather(params: FunctionCallParams) -> None:
        seen.append(params.arguments)

    await call(weather, "weather", {"card": placeholder})

    assert seen == [{"card": placeholder}]
