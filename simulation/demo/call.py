"""The demo's call: the scenario that every demo plays, shown while it goes on."""

from pathlib import Path
from typing import Any

from rich.console import Console

from antiphon.simulation.caller.voice import CALLER_VOICE
from antiphon.simulation.demo.display import follow, print_summary
from antiphon.simulation.scenarios.loading import shipped_scenario
from antiphon.simulation.scenarios.play import play

__all__ = ["run_demo"]


async def run_demo(
    console: Console,
    *,
    out: Path,
    wav: Path | None = None,
    voice: str = CALLER_VOICE,
    barge_in: bool = True,
) -> list[str]:
    """Make the call, show it, and write `call.wav`, `transcript.jsonl` and `report.html`.

    Cancelling it ends the call; what there is of it is still written.

    Args:
        console: Where to show it.
        out: A folder, made if it is not there.
        wav: A recorded caller to use instead of the scenario's.
        voice: The caller's eSpeak voice.
        barge_in: Whether the caller talks over the agent.

    Returns:
        How the call differed from what is expected of it, one sentence each.

    Raises:
        AudioFileError: If `wav` cannot be used.
        ImportError: If an extra is missing.
        OSError: If the output folder cannot be written.
        UnknownVoice: If eSpeak has no such voice.
    """
    scenario = shipped_scenario("happy_path")
    if not barge_in:
        scenario = scenario.without_barge_in()
    changes: dict[str, Any] = {"caller": scenario.caller.model_copy(update={"voice": voice})}
    if wav:
        changes |= {"lines": (), "recording": wav, "folder": Path()}
    played = await play(
        scenario.model_copy(update=changes),
        out=out,
        follow=lambda recorder, lines: follow(console, recorder, lines),
    )
    print_summary(console, played.record)
    return played.differences
