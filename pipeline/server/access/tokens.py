"""Short-lived tokens, signed, good for one purpose and once.

A token says everything itself, so a sibling process with the same secret can take it: a webhook
and the websocket that follows it need not meet the same process. What was used is remembered until
it would have expired, by default in the process that took it.
"""

import hashlib
import secrets
from collections.abc import Awaitable, Callable

from itsdangerous import BadData, URLSafeSerializer

from antiphon.pipeline.server.state.expiring import Expiring

__all__ = ["LIFETIME_SECS", "InvalidToken", "Tokens"]

LIFETIME_SECS = 60.0
"""From the webhook to the media stream; Twilio takes well under a second."""


class InvalidToken(ValueError):
    """A token is forged, expired, used, or meant for something else."""


class Tokens:
    """Issues tokens and takes each of them once.

    Example::

        tokens = Tokens(secret=b"…", lifetime_secs=60)
        token = tokens.issue("twilio", "CA…", now=time.time())
        await tokens.redeem(token, "twilio", now=time.time())   # "CA…", and then InvalidToken
    """

    def __init__(
        self,
        *,
        secret: bytes | None = None,
        lifetime_secs: float = LIFETIME_SECS,
        use: Callable[[str, float], Awaitable[bool]] | None = None,
    ) -> None:
        """Create the issuer.

        Args:
            secret: Signs the tokens; by default made up, and then nobody else can.
            lifetime_secs: Seconds for which a token is good.
            use: Uses a nonce up until a time, and says whether it was new: for processes that
                remember together. By default this object remembers.
        """
        # Without its own clock, which cannot be given a time.
        self._signer = URLSafeSerializer(
            secret or secrets.token_bytes(32),
            salt="antiphon",
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )
        self._lifetime_secs = lifetime_secs
        self._use = use
        self._used: Expiring[None] = Expiring()

    @property
    def lifetime_secs(self) -> float:
        """Seconds for which a token is good."""
        return self._lifetime_secs

    def issue(self, purpose: str, subject: str = "", *, now: float) -> str:
        """Make a token.

        Args:
            purpose: What it opens.
            subject: For whom, such as a call's id.
            now: The time, in seconds since 1970.

        Returns:
            The token, in characters that a URL and a header take as they are.
        """
        expires_at = now + self._lifetime_secs
        claims = [round(expires_at, 3), secrets.token_urlsafe(12), purpose, subject]
        return str(self._signer.dumps(claims))

    async def redeem(
        self, token: str, purpose: str, *, now: float, subject: str | None = None
    ) -> str:
        """Take a token.

        Args:
            token: The token as it came.
            purpose: What it should open.
            now: The time, in seconds since 1970.
            subject: For whom it should be, where that is known.

        Returns:
            For whom it is.

        Raises:
            InvalidToken: If it is forged, expired, used, or meant for something else.
        """
        try:
            expires_at, nonce, its_purpose, its_subject = self._signer.loads(token)
        except (BadData, UnicodeError):
            raise InvalidToken("forged") from None
        if its_purpose != purpose or subject not in (None, its_subject):
            raise InvalidToken("meant for something else")
        if expires_at < now:
            raise InvalidToken("expired")
        if self._use:
            is_new = await self._use(nonce, expires_at)
        else:
            is_new = self._used.add(nonce, None, until=expires_at, now=now)
        if not is_new:
            raise InvalidToken("used")
        return str(its_subject)
