"""What a deployment decides about its server, from the environment, `.env` or flags."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from limits import parse
from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from antiphon.pipeline.settings import EnvironmentSettings

__all__ = ["ServerSettings", "WorkerOptions"]

Words = Annotated[tuple[str, ...], NoDecode]
Secrets = Annotated[tuple[SecretStr, ...], NoDecode]

# No timer of an event loop is set for longer.
YEAR_SECS = 365 * 86_400
Secs = Annotated[float, Field(le=YEAR_SECS)]

MIN_SECRET_CHARS = 16


class ServerSettings(EnvironmentSettings):
    """Settings of the server; each is also `ANTIPHON_` and its name in capitals.

    The keys of the providers keep the names that the providers use: `TWILIO_AUTH_TOKEN`,
    `TELNYX_API_KEY`, `PLIVO_AUTH_ID`, `DAILY_API_KEY` and the like. Lists are separated by commas.

    Parameters:
        capacity: Calls at the same time in this process; the next one hears the busy tone.
        max_call_secs: Seconds after which a call is said goodbye to.
        idle_secs: Seconds in which nobody says anything, after which it is.
        drain_secs: Seconds that calls may go on after SIGTERM before they are said goodbye to.
        goodbye: What the agent then says.
        busy_message: What a caller is told when all places are taken; the busy tone if empty.
        queue_secs: Seconds that a phone caller may wait for a place, being told `busy_message` now
            and then; 0 for no queue.
        public_url: The address under which the world reaches this app, such as
            `https://voice.example.com`; by default what the request says. Calling out needs it.
        secret: Signs the tokens; 16 characters or more. Processes that share a public address must
            share it; by default each process makes one up.
        redis_url: The address of Redis, such as `redis://10.0.0.1:6379/0`, in which servers with
            the same secret share places (`capacity` is then that of all together), rates, used
            tokens and handoffs.
        api_keys: Keys for the start endpoints; without any, only signed tokens open them.
        allowed_origins: Origins of web pages that may start calls, besides the server's own.
        rate_per_address: How often an address may try the start endpoints, or fail at the others.
        rate_per_caller: How often a phone number may call.
        max_body_bytes: The largest request that is read.
        twilio_account_sid: Twilio's account, for call control.
        twilio_auth_token: Twilio's token, which signs its requests.
        twilio_api_url: The address of Twilio's API.
        twilio_number: The number from which the agent calls, in E.164.
        telnyx_api_key: Telnyx's key, with which calls are answered and hung up.
        telnyx_public_key: Telnyx's public key, which verifies its webhooks.
        telnyx_api_url: The address of Telnyx's API.
        telnyx_connection_id: The Voice API application that calls.
        telnyx_number: The number from which the agent calls, in E.164.
        plivo_auth_id: Plivo's account, for call control.
        plivo_auth_token: Plivo's token, which signs its requests.
        plivo_api_url: The address of Plivo's API.
        plivo_number: The number from which the agent calls, in E.164.
        dial_prefixes: The beginnings of the numbers that may be called or transferred to, such as
            `+4930`. None are by default: dialling out costs money.
        daily_api_key: Daily's key.
        daily_api_url: The address of Daily's API.
        daily_caller_id: The id of the bought number that a telephone shows when Daily calls it.
    """

    model_config = SettingsConfigDict(env_prefix="ANTIPHON_", populate_by_name=True)

    capacity: int = Field(default=20, ge=1)
    max_call_secs: Secs = Field(default=3600.0, gt=0)
    idle_secs: Secs = Field(default=120.0, gt=0)
    drain_secs: Secs = Field(default=3600.0, ge=0)
    goodbye: str = "I have to end this call now. Goodbye."
    busy_message: str = ""
    queue_secs: Secs = Field(default=0.0, ge=0)
    public_url: str | None = None
    secret: SecretStr | None = None
    redis_url: SecretStr | None = None
    api_keys: Secrets = ()
    allowed_origins: Words = ()
    rate_per_address: str = "60/minute"
    rate_per_caller: str = "10/minute"
    max_body_bytes: int = Field(default=65_536, ge=1024)
    twilio_account_sid: str | None = Field(default=None, validation_alias="TWILIO_ACCOUNT_SID")
    twilio_auth_token: SecretStr | None = Field(default=None, validation_alias="TWILIO_AUTH_TOKEN")
    twilio_api_url: str = Field(default="https://api.twilio.com", validation_alias="TWILIO_API_URL")
    twilio_number: str | None = Field(default=None, validation_alias="TWILIO_NUMBER")
    telnyx_api_key: SecretStr | None = Field(default=None, validation_alias="TELNYX_API_KEY")
    telnyx_public_key: str | None = Field(default=None, validation_alias="TELNYX_PUBLIC_KEY")
    telnyx_api_url: str = Field(
        default="https://api.telnyx.com/v2", validation_alias="TELNYX_API_URL"
    )
    telnyx_connection_id: str | None = Field(default=None, validation_alias="TELNYX_CONNECTION_ID")
    telnyx_number: str | None = Field(default=None, validation_alias="TELNYX_NUMBER")
    plivo_auth_id: str | None = Field(default=None, validation_alias="PLIVO_AUTH_ID")
    plivo_auth_token: SecretStr | None = Field(default=None, validation_alias="PLIVO_AUTH_TOKEN")
    plivo_api_url: str = Field(default="https://api.plivo.com/v1", validation_alias="PLIVO_API_URL")
    plivo_number: str | None = Field(default=None, validation_alias="PLIVO_NUMBER")
    dial_prefixes: Words = ()
    daily_api_key: SecretStr | None = Field(default=None, validation_alias="DAILY_API_KEY")
    daily_api_url: str = Field(default="https://api.daily.co/v1", validation_alias="DAILY_API_URL")
    daily_caller_id: str | None = Field(default=None, validation_alias="DAILY_CALLER_ID")

    @field_validator("api_keys", "allowed_origins", "dial_prefixes", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(word.strip() for word in value.split(",") if word.strip())
        return value

    @field_validator("secret")
    @classmethod
    def _is_long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value) < MIN_SECRET_CHARS:
            raise ValueError(f"must have at least {MIN_SECRET_CHARS} characters")
        return value

    @field_validator("redis_url")
    @classmethod
    def _has_secret(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is not None:
            url = urlsplit(value.get_secret_value())
            if url.scheme not in ("redis", "rediss", "unix"):
                raise ValueError("is no address such as redis://127.0.0.1:6379/0")
            if info.data.get("secret") is None:
                raise ValueError("needs ANTIPHON_SECRET, the same for every server")
        return value

    @field_validator("rate_per_address", "rate_per_caller")
    @classmethod
    def _is_rate(cls, value: str) -> str:
        try:
            parse(value)
        except ValueError:
            raise ValueError("must be a rate such as 60/minute") from None
        return value

    @field_validator("public_url")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is not None:
            parts = urlsplit(value)
            is_plain = (
                not (parts.query or parts.fragment) and parts.port != 0
            )  # which also reads it
            if parts.scheme not in ("http", "https") or not parts.hostname or not is_plain:
                raise ValueError("is no address such as https://voice.example.com")
        return value


@dataclass(frozen=True, kw_only=True)
class WorkerOptions:
    """What every worker of a server is told.

    Parameters:
        agent: `module:name` of the agent; None for the embedded one.
        default_agent: `module:name` of the agent if that is a function and fails; None for one that
            is sorry.
        transports: The doors to open.
        settings: The limits and keys, with a secret.
        trusted_proxies: Whose X-Forwarded headers are believed.
    """

    agent: str | None
    default_agent: str | None
    transports: tuple[str, ...]
    settings: ServerSettings
    trusted_proxies: str
