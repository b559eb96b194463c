"""What tools of a call are given, and what they may answer."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipecat.services.llm_service import FunctionCallParams

__all__ = ["Handler", "wrapped"]

Handler = Callable[..., Awaitable[None]]


def wrapped(
    handler: Handler, *, give: Callable[[str, Any, Any], Any], redact: Callable[[Any], Any]
) -> Handler:
    """A tool that is given real values, and whose result is redacted.

    Args:
        handler: A direct function, or the handler of a function.
        give: Makes of the arguments of the tool of a name what it may have, given the model's.
        redact: Hides what the model may not read in a result.
    """

    @wraps(handler)
    async def given(params: "FunctionCallParams", **arguments: Any) -> None:
        deliver = params.result_callback

        async def redacted(result: Any, **options: Any) -> None:
            await deliver(redact(result), **options)

        # At once, as a code is given once; a direct function has its arguments twice.
        restored, named = give(
            params.function_name, [dict(params.arguments), arguments], params.llm
        )
        call = replace(params, arguments=restored, result_callback=redacted)
        await handler(call, **named)

    return given
