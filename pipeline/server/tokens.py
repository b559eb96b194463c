"""Short-lived tokens, signed, good for one purpose and once.

A token says everything itself, so a sibling process with the same secret can take it: a webhook
and the websocket that follows it need not meet the same process. What was used is remembered in
the process that took it, until the token would have expired.
"""

import base64
import binascii
import hmac
import secrets
from collections import OrderedDict

__all__ = ["InvalidToken", "Tokens"]


class InvalidToken(ValueError):
    """A token is forged, expired, used, or meant for something else."""


class Tokens:
    """Issues tokens and takes each of them once.

    Example::

        tokens = Tokens(secret=b"…", lifetime_secs=60)
        token = tokens.issue("twilio", "CA…", now=time.time())
        tokens.redeem(token, "twilio", now=time.time())   # "CA…", and the next time InvalidToken
    """

    def __init__(self, *, secret: bytes | None = None, lifetime_secs: float = 60.0) -> None:
        """Create the issuer.

        Args:
            secret: Signs the tokens; by default made up, and then nobody else can.
            lifetime_secs: Seconds for which a token is good.
        """
        self._secret = secret or secrets.token_bytes(32)
        self._lifetime_secs = lifetime_secs
        self._used: OrderedDict[str, float] = OrderedDict()

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

    def redeem(self, token: str, purpose: str, *, now: float, subject: str | None = None) -> str:
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
        self._forget_expired(now)
        if nonce in self._used:
            raise InvalidToken("used")
        self._used[nonce] = float(expires_at)
        return its_subject

    def _signature(self, claims: bytes) -> bytes:
        return hmac.digest(self._secret, claims, "sha256")

    def _forget_expired(self, now: float) -> None:
        # Nearly in order of expiry: every token lives equally long.
        while self._used and next(iter(self._used.values())) < now:
            self._used.popitem(last=False)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    if not text.isascii():
        raise ValueError("not ASCII")
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
