"""A caller who begins in English and reads their card in Spanish, as a report.

`python examples/two_languages.py out/` plays the call and leaves its recording, transcript and
report in `out`. Needs `pip install 'antiphon[simulation]'`; no key and no network. No embedded
recogniser hears Spanish, so what is heard is what the script says, under the tag of a vendor that
tells nothing ("multi").
"""

import asyncio
import sys
from pathlib import Path

from pipecat.services.llm_service import FunctionCallParams

from antiphon.pipeline import TurnSettings, VoiceAgent
from antiphon.services import EspeakTTSService
from antiphon.simulation.fakes import FakeLLM, FakeSTT
from antiphon.simulation.fakes.llm import ToolCall
from antiphon.simulation.scenarios import Scenario
from antiphon.simulation.scenarios.play import Played, play
from antiphon.simulation.virtual_time import run_virtual

LINES = [
    {"say": "hello I would like to pay my bill with a card", "answer": "read me the number"},
    {
        "say": "perdone prefiero hablar en español si es posible",
        "language": "es",
        "answer": "claro",
    },
    {
        "say": "el número de mi tarjeta es cinco uno cero cinco uno cero cinco uno cero cinco "
        "uno cero cinco uno cero cero",
        "language": "es",
        "transcript": "el número de mi tarjeta es <CREDIT_CARD>",
        "tool": "take_payment",
        "answer": "pagada",
    },
    {"say": "muchas gracias", "language": "es", "after_secs": 8, "answer": "buen día"},
]


async def take_payment(params: FunctionCallParams) -> None:
    """Take the payment."""
    await asyncio.sleep(3)
    await params.result_callback({"status": "paid"})


def make_agent() -> VoiceAgent:
    """Make the agent that is called."""
    replies = [
        "Of course. Please read me the number on your card.",
        "Sí, claro. Dígame el número de su tarjeta.",
        ToolCall(name="take_payment"),
        "Gracias. Su factura está pagada.",
        "Gracias a usted. Que tenga un buen día.",
    ]
    return VoiceAgent(
        greeting="Harbour Supplies, good morning.",
        languages=["en", "es"],
        tools=[take_payment],
        stt=FakeSTT(script=[line["say"] for line in LINES], tags=["multi"] * len(LINES)),
        llm=FakeLLM(script=replies),
        tts=EspeakTTSService(),
        turns=TurnSettings(silence_secs=0.4, reprompt_secs=5.0),
    )


def call(out: Path | None = None) -> Played:
    """Make the call.

    Args:
        out: Where the recording, the transcript and the report go, if anywhere.
    """
    scenario = Scenario.model_validate(
        {
            "title": "A card in Spanish",
            "agent": {"factory": f"{__name__}:make_agent"},
            "lines": LINES,
            "expect": {
                "said": ["Un momento…", "¿Sigue ahí?"],
                "never_said": ["One moment", "still there"],
                "redacted": ["cinco uno cero", "5105", "5 1 0 5"],
            },
        }
    )
    return run_virtual(play(scenario, out=out))


if __name__ == "__main__":
    played = call(Path(sys.argv[1]) if sys.argv[1:] else Path("two-languages"))
    print(*played.differences or ["as expected"], sep="\n")
