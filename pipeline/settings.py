"""What a deployment decides: keys, addresses, models, voices, from the environment or `.env`."""

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["Settings"]


class Settings(BaseSettings):
    """Settings of the services, each read from the variable of the same name in capitals.

    Parameters:
        deepgram_api_key: Deepgram's key.
        deepgram_base_url: Another address of Deepgram's API, such as a loopback server.
        deepgram_model: Deepgram's model; Pipecat's choice where unset.
        openai_api_key: OpenAI's key; not needed where `openai_base_url` is set.
        openai_base_url: The address of any OpenAI-compatible server (Ollama, llama.cpp, vLLM).
        openai_model: The model; Pipecat's choice where unset.
        cartesia_api_key: Cartesia's key.
        cartesia_url: Another address of Cartesia's websocket, such as a loopback server.
        cartesia_voice_id: The id of the voice that speaks.
    """

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", env_ignore_empty=True)

    deepgram_api_key: SecretStr | None = None
    deepgram_base_url: str | None = None
    deepgram_model: str | None = None
    openai_api_key: SecretStr | None = None
    openai_base_url: str | None = None
    openai_model: str | None = None
    cartesia_api_key: SecretStr | None = None
    cartesia_url: str | None = None
    cartesia_voice_id: str | None = None
