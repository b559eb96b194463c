"""What an RTVI client is told of a call that `VoiceAgent` composed."""

import json
from typing import Any

import pytest
from pipecat.frames.frames import OutputTransportMessageUrgentFrame
from pipecat.observers.base_observer import BaseObserver, FramePushed

from antiphon.pipeline import TurnSettings
from antiphon.pipeline.default_agent import order_desk
from antiphon.simulation.call import simulate_call
from antiphon.simulation.caller import Caller, HangUp, Press, Say
from antiphon.simulation.caller.script import Step
from antiphon.simulation.fakes import FakeSTT, FakeTTS
from antiphon.transports import MemoryTransport

pytestmark = pytest.mark.virtual_time

CARD = "four five three nine one four eight eight oh three four three six four six seven"
KEYS = "4539148803436467"


class Client(BaseObserver):
    """Keeps the messages that would go to the client."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[dict[str, Any]] = []

    async def on_push_frame(self, data: FramePushed) -> None:
        if data.first_push and isinstance(data.frame, OutputTransportMessageUrgentFrame):
            self.told.append(data.frame.message)

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [message["data"] for message in self.told if message["type"] == kind]


async def told_of(*steps: Step) -> Client:
    """What a client is told of a call to the order desk, by a recogniser that errs in nothing."""
    transport, client = MemoryTransport(), Client()
    stt = FakeSTT(script=[step.text for step in steps if isinstance(step, Say)])
    # Turns that end soon, so that no filler is told of among what is.
    desk = order_desk(stt=stt, tts=FakeTTS(), turns=TurnSettings(silence_secs=0.4))
    worker = desk.worker(transport, observers=[client])
    await simulate_call(Caller(transport, [*steps, HangUp()]), worker)
    return client


async def test_a_client_reads_along_and_tells_a_backchannel_from_a_barge_in() -> None:
    client = await told_of(
        Say(text="what are your opening hours"),
        Say(text="uh-huh", after="agent_starts", after_secs=0.5),
        Say(text="stop please", after="step_done", after_secs=1.0),
    )
    heard = [(said["text"], said["final"]) for said in client.all("user-transcription")]
    assert heard[:2] == [("what", False), ("what are", False)]
    assert [text for text, final in heard if final] == [
        "what are your opening hours",
        "uh-huh",
        "stop please",
    ]
    said = "".join(text["text"] for text in client.all("bot-llm-text"))
    assert said.endswith("from Monday to Saturday.Okay.")
    kinds = [(m.get("data") or {}).get("input_type", m["type"]) for m in client.told]
    seen = ("bot-started-speaking", "backchannel", "bot-interrupted", "bot-stopped-speaking")
    answer = [kind for kind in kinds[kinds.index("bot-llm-started") :] if kind in seen]
    assert answer[: len(seen)] == list(seen)
    # What marks the cut is for the language model.
    assert "\u2014" not in json.dumps(client.told, ensure_ascii=False)


async def test_a_card_number_reaches_no_client_by_voice_or_keypad() -> None:
    client = await told_of(
        Say(text=f"my card number is {CARD}"), Press(keys=f"{KEYS}#", after_secs=0.5)
    )
    heard = [said["text"] for said in client.all("user-transcription") if said["final"]]
    assert heard == ["my card number is <CREDIT_CARD>", "DTMF: <CREDIT_CARD>#"]
    # Times in metrics have any digits.
    everything = json.dumps([m for m in client.told if m["type"] != "metrics"])
    words = CARD.split()
    pieces = [" ".join(words[start : start + 3]) for start in range(len(words) - 2)]
    pieces += [KEYS[start : start + 5] for start in range(len(KEYS) - 4)]
    assert not [piece for piece in pieces if piece in everything]
