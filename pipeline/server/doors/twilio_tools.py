"""The tools with which an agent steers its own call on Twilio.

They choose among places that a deployment has named, never a number: a language model can be talked
into anything, and dialling out costs money.
"""

from collections.abc import Mapping

from loguru import logger
from pipecat.adapters.llm.schemas.direct_function import DirectFunction
from pipecat.frames.frames import OutputDTMFFrame
from pipecat.services.llm_service import FunctionCallParams

from antiphon.pipeline.server.calls import current_call
from antiphon.pipeline.server.doors.call_control import E164, CallControlError
from antiphon.processors.redaction import Redactor
from antiphon.transports.telephony.transport import checked_id

__all__ = ["call_control_tools"]


def call_control_tools(*, transfer_to: Mapping[str, str] | None = None) -> list[DirectFunction]:
    """Make the tools with which an agent steers its own call.

    Args:
        transfer_to: The people who take calls over: a name that the model understands, such as
            `billing`, and their number in E.164. Without any there is no such tool.

    Returns:
        Pipecat direct functions, for `VoiceAgent(tools=…)`.

    Raises:
        ValueError: If a number is not in E.164.
    """
    people = {name: checked_id(name, to, E164) for name, to in (transfer_to or {}).items()}

    async def hang_up(params: FunctionCallParams) -> None:
        """End the call, after everything that was said has been heard."""
        await params.result_callback({"status": "the call ends"})
        await current_call().end()

    async def press_keys(params: FunctionCallParams, keys: str) -> None:
        """Press keys of the telephone, for a machine at the other end.

        Args:
            params: Pipecat's.
            keys: Digits, * and #, in the order in which they are pressed.
        """
        try:
            tones = OutputDTMFFrame.from_string(keys)
        except ValueError:
            await params.result_callback({"error": "keys are digits, * and #"})
            return
        await current_call().worker.queue_frame(tones)
        await params.result_callback({"status": "pressed"})

    async def transfer_call(params: FunctionCallParams, person: str, summary: str) -> None:
        """Hand the caller over to a person.

        Args:
            params: Pipecat's.
            person: Who takes over.
            summary: One sentence that tells the person what the caller wants.
        """
        call = current_call()
        if person not in people or call.control is None:
            choice = ", ".join(sorted(people)) if call.control else "nobody: this is no phone call"
            await params.result_callback({"error": f"who takes over can be: {choice}"})
            return
        try:
            await call.control.transfer(
                call.id,
                people[person],
                base_url=call.base_url,
                summary=summary,
                transcript=_transcript(params),
                parameters=call.parameters,
            )
        except CallControlError as error:
            # The model would read the number out.
            logger.warning(f"no transfer to {person}: {type(error).__name__}")
            await params.result_callback({"error": "this person cannot be reached now"})
            return
        await params.result_callback({"status": "the person's telephone rings"})

    return [hang_up, press_keys, *([transfer_call] if people else [])]


def _transcript(params: FunctionCallParams) -> list[str]:
    """What was said, without what is personal: more leaves with it than the model may read."""
    redactor, lines = Redactor(), []
    for message in params.context.get_messages():
        if not isinstance(message, dict) or message.get("role") not in ("user", "assistant"):
            continue
        content = message.get("content")
        if isinstance(content, str) and content:
            role = "agent" if message["role"] == "assistant" else "user"
            lines.append(f"{message['role']}: {redactor.redact(content, role=role).text}")
    return lines
