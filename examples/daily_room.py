"""Talk to the agent in a Daily room that is made for it and left with the last person.

Run it with `DAILY_API_KEY=… python examples/daily_room.py`; needs
`pip install 'antiphon[daily,offline]'`.
"""

import asyncio
import os
import sys
import time

from antiphon.pipeline import VoiceAgent
from antiphon.transports import create_transport
from antiphon.transports.daily import create_daily_room


async def main() -> None:
    api_key = os.environ.get("DAILY_API_KEY")
    if not api_key:
        sys.exit("set DAILY_API_KEY: see Developers in the dashboard at dashboard.daily.co")
    room = await create_daily_room(api_key=api_key, now=time.time())
    print(f"join at {room.url}?t={room.person_token}")
    agent = VoiceAgent(greeting="Hello, how can I help you?")
    await agent.run(create_transport("daily", room_url=room.url, token=room.agent_token))


if __name__ == "__main__":
    asyncio.run(main())
