"""A bad setting is told in a line that names the variable and the rule, and quotes no secret."""

import traceback
from typing import Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from antiphon.pipeline.cli.command import app
from antiphon.pipeline.server import ServerSettings

SECRET = "hunter2secret"


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("ANTIPHON_SECRET", SECRET, "ANTIPHON_SECRET: must have at least 16 characters"),
        (
            "ANTIPHON_CAPACITY",
            "0",
            "ANTIPHON_CAPACITY: Input should be greater than or equal to 1, and is '0'",
        ),
        (
            "ANTIPHON_RATE_PER_CALLER",
            "often",
            "ANTIPHON_RATE_PER_CALLER: must be a rate such as 60/minute, and is 'often'",
        ),
        (
            "ANTIPHON_DRAIN_SECS",
            "inf",
            "ANTIPHON_DRAIN_SECS: Input should be less than or equal to 31536000, and is 'inf'",
        ),
    ],
)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_server_says_in_one_line_which_variable_is_wrong(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, told: str, workers: str
) -> None:
    monkeypatch.setenv(variable, value)
    result = CliRunner().invoke(app, ["serve", "--workers", workers])
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == f"antiphon serve: {told}"
    assert SECRET not in result.stderr


@pytest.mark.parametrize(
    "address", ["voice.example.com", "ftp://voice.example.com", "https://", "https://a#b"]
)
def test_a_public_address_that_is_none_is_refused_at_once(address: str) -> None:
    with pytest.raises(ValueError, match=r"no address such as https://voice\.example\.com") as told:
        ServerSettings(public_url=address)
    assert f"and is {address!r}" in str(told.value)


SECRETS: list[tuple[Any, dict[str, Any]]] = [
    (ServerSettings, {"secret": SECRET}),
    (ServerSettings, {"api_keys": {"key": SECRET}}),
    (ServerSettings, {"twilio_auth_token": [SECRET]}),
    (ServerSettings, {"TWILIO_AUTH_TOKEN": [SECRET]}),
    (ServerSettings, {"daily_api_key": [SECRET]}),
    (ServerSettings, {"redis_url": f"redis://:{SECRET}@10.0.0.1"}),
    (ServerSettings, {"public_url": f"ftp://user:{SECRET}@example.com"}),
]


@pytest.mark.parametrize(("kind", "values"), SECRETS)
def test_no_error_quotes_a_secret(kind: Any, values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"(?i){next(iter(values))}: ") as told:
        kind(**values)
    assert SECRET not in "".join(traceback.format_exception(told.value))
    assert told.value.__context__ is None
    assert len(str(told.value).splitlines()) == 1


def test_a_file_of_settings_that_is_no_text_is_told_so(tmp_path: Any) -> None:
    (tmp_path / ".env").write_bytes(b"ANTIPHON_SECRET=hunter2secret\xff")
    with pytest.raises(ValueError, match=r"^\.env is not UTF-8 text$"):
        ServerSettings()


def test_servers_that_share_a_redis_need_a_secret_that_they_share() -> None:
    with pytest.raises(ValueError, match="ANTIPHON_REDIS_URL: needs ANTIPHON_SECRET, the same for"):
        ServerSettings(redis_url=SecretStr("redis://10.0.0.1:6379/0"))


@pytest.mark.parametrize("url", ["http://localhost", "localhost:6379"])
def test_an_address_that_is_none_of_redis_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="ANTIPHON_REDIS_URL: is no address such as redis://"):
        ServerSettings(secret=SecretStr("0123456789abcdef"), redis_url=SecretStr(url))
