"""What a deployment decides, from the environment or `.env`."""

from typing import Any, ClassVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["EnvironmentSettings"]


class EnvironmentSettings(BaseSettings):
    """Settings whose errors name the variable and the rule, in one line, and quote no secret."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        env_file=".env", extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    def __init__(self, **values: Any) -> None:
        """Read the settings.

        Args:
            **values: What is given here and not in the environment.

        Raises:
            ValueError: If one of them breaks a rule.
        """
        try:
            super().__init__(**values)
            return
        except ValidationError as error:
            told = "; ".join(self._told(one) for one in error.errors(include_url=False))
        except UnicodeDecodeError:
            told = ".env is not UTF-8 text"
        # Here, so that no traceback has the error that knows the values.
        raise ValueError(told)

    @classmethod
    def _told(cls, error: Any) -> str:
        place = str(error["loc"][0]).lower() if error["loc"] else ""
        for name, field in cls.model_fields.items():
            alias = field.validation_alias
            if place not in (name, str(alias).lower()):
                continue
            variable = str(alias or cls.model_config.get("env_prefix", "") + name).upper()
            told = f"{variable}: {error['msg'].removeprefix('Value error, ')}"
            given = error["input"]
            # An address may have a password in it.
            is_secret = "Secret" in str(field.annotation) or "@" in str(given)
            return told if is_secret else f"{told}, and is {str(given)[:100]!r}"
        return str(error["msg"])
