"""Answer a Twilio number, with tools that hand the caller over to a person or hang up.

Run it with `TWILIO_AUTH_TOKEN=… python examples/twilio_server.py` and point the number's webhook at
`https://your.address/twilio/voice`; needs `pip install 'antiphon[server,twilio,offline]'`.
With `TWILIO_ACCOUNT_SID` and `ANTIPHON_DIAL_PREFIXES` set as well, transfers work.
"""

import asyncio

from antiphon.pipeline import VoiceAgent
from antiphon.pipeline.server import create_app
from antiphon.pipeline.server.doors.twilio_tools import call_control_tools
from antiphon.pipeline.server.drain import serve_app

agent = VoiceAgent(
    instructions="You answer for a small shop. Hand over to billing when it is about a bill.",
    greeting="Hello, how can I help you?",
    tools=call_control_tools(transfer_to={"billing": "+493012345678"}),
)


async def main() -> None:
    await serve_app(create_app(agent, transports=["twilio"]), host="127.0.0.1", port=8000)


if __name__ == "__main__":
    asyncio.run(main())
