"""Short-lived tokens, signed, good for one purpose and once.

A token says everything itself, so a sibling process with the same secret can take it: a webhook
and the websocket that follows it need not meet the same process. What was used is remembered until
it would have expired, by default in the process that took it.
"""

import base64
import binascii
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable

__all__ = ["LIFETIME_SECS", "InvalidToken", "Tokens", "UsedTokens"]

LIFETIME_SECS = 60.0
"""From the webhook to the media stream; Twilio takes well under a second."""


class InvalidToken(ValueError):
    """A token is forged, expired, used, or meant for something else."""


class UsedTokens:
    """Remembers the tokens that were used, until they would have expired."""

    def __init__(self) -> None:
        """Start with none."""
        self._used: OrderedDict[str, float] = OrderedDict()

    def add(self, nonce: str, expires_at: float, *, now: float) -> bool:
        """Use a token up.

        Args:
            nonce: Tells it from all others.
            expires_at: When it expires, in seconds since 1970.
            now: The time, in seconds since 1970.

        Returns:
            Whether it had not been used before.
        """
        # Nearly in order of expiry: every token lives equally long.
        while self._used and next(iter(self._used.values())) < now:
            self._used.popitem(last=False)
        if nonce in self._used:
            return False
        self._used[nonce] = expires_at
        return True


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
        self._secret = secret or secrets.token_bytes(32)
        self._lifetime_secs = lifetime_secs
        self._use = use
        self._used = UsedTokens()

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
        claims = f"{expires_at:.3f} {secrets.token_urlsafe(12)} {purpose} {subject}".encode()
        return f"{_encode(claims)}.{_encode(self._signature(claims))}"

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
            claims, signature = (_decode(part) for part in token.split("."))
        except (ValueError, binascii.Error):
            raise InvalidToken("malformed") from None
        if not hmac.compare_digest(signature, self._signature(claims)):
            raise InvalidToken("forged")
        expires_at, nonce, its_purpose, its_subject = claims.decode().split(" ", 3)
        if its_purpose != purpose or subject not in (None, its_subject):
            raise InvalidToken("meant for something else")
        if float(expires_at) < now:
            raise InvalidToken("expired")
        if self._use:
            is_new = await self._use(nonce, float(expires_at))
        else:
            is_new = self._used.add(nonce, float(expires_at), now=now)
        if not is_new:
            raise InvalidToken("used")
        return its_subject

    def _signature(self, claims: bytes) -> bytes:
        return hmac.digest(self._secret, claims, "sha256")


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    if not text.isascii():
        raise ValueError("not ASCII")
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
