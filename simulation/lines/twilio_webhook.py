"""What Twilio does before a media stream: it asks the number's webhook what to do with the call."""

import base64
import hmac
from collections.abc import Mapping
from xml.etree import ElementTree

import aiohttp

__all__ = ["ask_webhook"]

_SHOWN_CHARS = 200


async def ask_webhook(
    session: aiohttp.ClientSession, url: str, form: Mapping[str, str], *, auth_token: str | None
) -> tuple[str, dict[str, str]]:
    """Ask as Twilio asks, and read the TwiML.

    Args:
        session: Makes the request.
        url: The webhook.
        form: What Twilio says about the call.
        auth_token: Signs the request; without it the request carries no signature.

    Returns:
        The address of the `<Connect><Stream>`, and its `<Parameter>`s.

    Raises:
        ConnectionError: If the server refuses, or does anything with the call but connect a stream.
        aiohttp.ClientError: If it cannot be reached.
    """
    headers = {"X-Twilio-Signature": _signature(url, form, auth_token)} if auth_token else {}
    async with session.post(url, data=form, headers=headers) as response:
        text = await response.text()
        if response.status != 200:
            raise ConnectionError(f"HTTP {response.status}: {text[:_SHOWN_CHARS]}")
    try:
        twiml = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        raise ConnectionError(f"the webhook's answer is no TwiML: {text[:_SHOWN_CHARS]}") from None
    stream = twiml.find("Connect/Stream")
    if stream is None:
        said = ", ".join(verb.tag for verb in twiml) or "nothing"
        raise ConnectionError(f"the webhook connects no stream; it answers with: {said}")
    parameters = {p.get("name", ""): p.get("value", "") for p in stream.iter("Parameter")}
    return stream.get("url", ""), parameters


def _signature(url: str, form: Mapping[str, str], auth_token: str) -> str:
    # https://www.twilio.com/docs/usage/webhooks/webhooks-security
    signed = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.digest(auth_token.encode(), signed.encode(), "sha1")).decode()
