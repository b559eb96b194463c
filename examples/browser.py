"""An agent of your own on a page in the browser: talk to it, read along, see where the time goes.

Run it with `python examples/browser.py` and open http://localhost:7860; needs
`pip install 'antiphon[offline,server,webrtc]'`. The same page stands behind `antiphon talk`.
"""

import asyncio

from pipecat.services.llm_service import FunctionCallParams

from antiphon.pipeline import VoiceAgent
from antiphon.pipeline.server.drain import serve_app
from antiphon.pipeline.talk.app import create_talk_app


async def get_order_status(params: FunctionCallParams, order_number: str) -> None:
    """Look up where an order is.

    Args:
        params: Pipecat's.
        order_number: The number on the order, in digits.
    """
    await params.result_callback({"status": "on its way", "delivery": "tomorrow"})


agent = VoiceAgent(
    greeting="Harbour Supplies, good morning.",
    tools=[get_order_status],
    # With keys in the environment: stt="deepgram", llm="openai", tts="cartesia".
)

if __name__ == "__main__":
    asyncio.run(serve_app(create_talk_app(agent), host="127.0.0.1", port=7860))
