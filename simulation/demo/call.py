"""The demo's call: the scenario that every demo plays, shown while it goes on."""

from pathlib import Path
from typing import Any, Literal, cast

from rich.console import Console

from antiphon.pipeline.providers.embedded import in_full, verify_weights
from antiphon.pipeline.providers.kinds import NamedService, ServiceKind
from antiphon.simulation.caller.voice import CALLER_VOICE, HIBARI
from antiphon.simulation.demo.display import follow, print_summary
from antiphon.simulation.scenarios.loading import shipped_scenario
from antiphon.simulation.scenarios.play import play

__all__ = ["run_demo"]


async def run_demo(
    console: Console,
    *,
    out: Path,
    wav: Path | None = None,
    voice: str | None = None,
    stt: Literal["pocketsphinx", "whisper"] | None = None,
    barge_in: bool = True,
) -> list[str]:
    """Make the call, show it, and write `call.wav`, `transcript.jsonl` and `report.html`.

    Cancelling it ends the call; what there is of it is still written.

    Args:
        console: Where to show it.
        out: A folder, made if it is not there.
        wav: A recorded caller to use instead of the scenario's.
        voice: Who speaks: "hibari" or "espeak" for both, or a voice of eSpeak's for the caller; by
            default hibari, where the extra `speech` is installed.
        stt: What the agent hears with; by default Whisper, where that extra is installed and the
            caller's voice is none of eSpeak's, which PocketSphinx understands better.
        barge_in: Whether the caller talks over the agent.

    Returns:
        How the call differed from what is expected of it, one sentence each.

    Raises:
        AudioFileError: If `wav` cannot be used.
        ImportError: If an extra is missing.
        OSError: If the output folder cannot be written.
        UnknownVoice: If there is no such voice.
        WeightsError: If a model is missing or is not the one that was pinned.
    """
    scenario = shipped_scenario("happy_path")
    if not barge_in:
        scenario = scenario.without_barge_in()
    if stt:
        ears = f"embedded/{stt}"
    elif voice not in (None, HIBARI) and not wav:
        # They come together, and Whisper gets every third of eSpeak's words wrong.
        ears = "embedded/pocketsphinx"
    else:
        ears = _name(ServiceKind.STT)
    speaks = f"embedded/{voice}" if voice == HIBARI else "embedded/espeak"
    if voice is None:
        speaks = _name(ServiceKind.TTS)
        voice = HIBARI if speaks == "embedded/hibari" else CALLER_VOICE
    elif voice == "espeak":
        voice = CALLER_VOICE
    for kind, name in ((ServiceKind.STT, ears), (ServiceKind.TTS, speaks)):
        verify_weights(kind, name)
    changes: dict[str, Any] = {
        "agent": scenario.agent.model_copy(update={"stt": ears, "tts": speaks}),
        "caller": scenario.caller.model_copy(update={"voice": voice}),
    }
    if wav:
        changes |= {"lines": (), "recording": wav, "folder": Path()}
    played = await play(
        scenario.model_copy(update=changes),
        out=out,
        follow=lambda recorder, lines: follow(console, recorder, lines),
    )
    print_summary(console, played.record)
    return played.differences


def _name(kind: ServiceKind) -> str:
    """Which embedded service is the default here."""
    return cast(NamedService, in_full(kind, NamedService(name="embedded"))).name
