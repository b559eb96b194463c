"""How a call begins that somebody asks for by HTTP, and comes to by another connection."""

import uuid

from fastapi import Request
from pydantic import BaseModel, Field

from antiphon.pipeline.server.access.bodies import read_json
from antiphon.pipeline.server.access.refusals import full
from antiphon.pipeline.server.calls import Calls

__all__ = ["promised_call"]


class Start(BaseModel):
    """What `POST …/start` takes, if anything.

    Parameters:
        parameters: What the agent is told about the call.
    """

    parameters: dict[str, str] = Field(default_factory=dict, max_length=32)


async def promised_call(calls: Calls, request: Request | None = None) -> str:
    """Promise a place to a new call, and keep what it carries along.

    Args:
        calls: Where.
        request: Has a `Start` for a body, or none.

    Returns:
        The call's id, under which `Calls.kept` finds its parameters.

    Raises:
        Refused: If there is no place, or the body is something else.
    """
    start = (await read_json(request, Start) if request else None) or Start()
    call_id = uuid.uuid4().hex
    if start.parameters:
        call_id = await calls.state.keep({"parameters": start.parameters})
    if refusal := await calls.state.promise(call_id):
        raise full(refusal)
    return call_id
