"""`antiphon talk --llm`: any words are heard, and whoever cannot answer is told of at once."""

from typing import Any

import pytest
from pipecat.services.stt_service import STTService

from antiphon.pipeline.default_agent import order_desk
from antiphon.pipeline.talk.free import conversationalist, open_ears, with_services
from antiphon.services import PocketSphinxSTTService

LLM = {"llm": "ollama/llama3.2"}


def test_who_may_say_anything_is_heard_whatever_it_is() -> None:
    assert conversationalist(**LLM).stt is open_ears
    assert with_services(order_desk(), LLM).stt is open_ears
    assert isinstance(open_ears(), STTService)


def test_ears_that_were_chosen_stay() -> None:
    own = order_desk(stt=PocketSphinxSTTService)
    assert with_services(own, LLM).stt is PocketSphinxSTTService
    assert with_services(order_desk(), {**LLM, "stt": "embedded"}).stt == "embedded"
    assert with_services(order_desk(), {"tts": "embedded"}).stt == "embedded"


def test_an_agent_that_chooses_its_services_itself_is_not_given_others() -> None:
    def choose(call: Any) -> Any: ...

    assert with_services(choose, {}) is choose
    with pytest.raises(ValueError, match="--llm is for a VoiceAgent"):
        with_services(choose, LLM)
