"""Webhooks that are signed forms, as Twilio and Plivo send them; each signs in its own way."""

import re
from collections.abc import Callable

from fastapi import Request, Response
from starlette.datastructures import FormData

from antiphon.pipeline.server.access.bodies import read_form
from antiphon.pipeline.server.access.guards import Guards, public_url
from antiphon.pipeline.server.access.refusals import Refused
from antiphon.pipeline.server.calls import Calls
from antiphon.transports.telephony.transport import checked_id

__all__ = ["SignedForms", "answer_with_xml"]

# What no XML 1.0 may have, not even escaped: one of it in a caller's name, and the vendor can read
# nothing of the answer.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def answer_with_xml(document: str) -> Response:
    """Answer a vendor with what it should do.

    Args:
        document: That, as XML; characters that XML cannot have are left out.

    Returns:
        The HTTP response.
    """
    return Response(_NO_XML.sub("", document), media_type="application/xml")


class SignedForms:
    """Lets only what a vendor has signed pass; a FastAPI dependency that gives the form."""

    def __init__(
        self,
        calls: Calls,
        guards: Guards,
        *,
        vendor: str,
        is_signed: Callable[[Request, str, FormData], bool],
        id_field: str,
        id_pattern: str,
    ) -> None:
        """Create the dependency.

        Args:
            calls: Has the settings.
            guards: Counts who fails.
            vendor: Who signs.
            is_signed: Says whether that is so, given the request, its public address and its form.
            id_field: The field that names the call.
            id_pattern: How such an id looks.
        """
        self._settings = calls.settings
        self._guards = guards
        self._vendor = vendor
        self._is_signed = is_signed
        self._id_field = id_field
        self._id_pattern = id_pattern

    async def __call__(self, request: Request) -> FormData:
        """Check a request.

        Args:
            request: The request.

        Returns:
            Its form.

        Raises:
            Refused: 403 if the vendor has not signed it, 415 or 400 if it never could have, 400 if
                it names no call, 429 if its address has failed too often.
        """
        try:
            form = await read_form(request)
        except Refused as refusal:
            await self._guards.refuse(request, refusal)
        url = public_url(request, self._settings)
        if not self._is_signed(request, url, form):
            unsigned = Refused(403, "signature", f"the signature is not {self._vendor}'s")
            # The address is what usually differs: a proxy that hides the scheme or the host.
            warning = f"refused a request for {url[:200]}: {unsigned.detail}"
            await self._guards.refuse(request, unsigned, warning)
        try:
            checked_id(self._id_field, form.get(self._id_field), self._id_pattern)
        except ValueError as error:
            raise Refused(400, "malformed", str(error)) from error
        return form
