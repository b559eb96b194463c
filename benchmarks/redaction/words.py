"""Whether the context is what was said, word for word, with redactors before and behind the voice.

    python benchmarks/redaction/words.py [--scenes 104]

Plays the scenes of `benchmarks/interruption/scenes.py`, in which callers speak over the agent, with
word times and without, with the gate and without, and without a redactor, with `Policy()` and with
`gdpr`. Every other scene has lines in which something personal is said. A context is right if it is
that of the same scene without a redactor, but for what stands for what the policy hides.
"""

import argparse
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from loguru import logger
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameProcessor

from antiphon.processors.redaction import PIIRedactor, Policy, Redactor

sys.path.insert(0, str(Path(__file__).parents[1] / "interruption"))

from scenes import Scene, in_virtual_time, make  # type: ignore[import-not-found]

PERSONAL = [
    "You can reach us at 415 555 0142 on any day. Ask for Anna. Or write to care@example.com at "
    "once.",
    "We are at 77 Harbour Street in Springfield. The doors open at nine. Your driver is Dana Hale "
    "and he will call you.",
    "I have your card 4539 1488 0343 6467 here. It costs 64 dollars. Shall I charge it now.",
]
POLICIES = {"Policy()": Policy(), "gdpr": Policy.preset("gdpr")}
SYSTEMS = {"gate": "ours", "no gate": "Pipecat default"}


def redactors(policy: Policy) -> Callable[[FrameProcessor], list[FrameProcessor]]:
    return lambda voice: [PIIRedactor(policy=policy), voice, PIIRedactor()]


def kept(context: LLMContext) -> list[str]:
    """What the context has of the agent, each placeholder as its label."""
    return [
        plain(str(message.get("content")))
        for message in context.messages
        if isinstance(message, dict) and message["role"] == "assistant"
    ]


def plain(text: str) -> str:
    return re.sub(r"_\d+_[a-z]{6}>", ">", text)


def is_right(shown: list[str], said: list[str], whole: str, policy: Policy) -> bool:
    """Whether what is kept is what was said, but for what stands for what is hidden."""
    kept_text, said_text = " ".join(shown), " ".join(said)
    words = [re.escape(part) for part in re.split(r"<[A-Z_]+>", kept_text)]
    if re.fullmatch(r".+?".join(words), said_text):
        return True
    # Of a value that was cut off the half decides, as of a word.
    kept_text, said_text = kept_text.removesuffix(" \u2014"), said_text.removesuffix(" \u2014")
    begun = len(kept_text) + 1
    hidden = Redactor(policy).find(whole)
    return said_text.startswith(kept_text) and any(
        entity.start <= begun and len(said_text) <= entity.end for entity in hidden
    )


def main() -> None:
    """Play the scenes and print how many contexts are right."""
    parser = argparse.ArgumentParser(description="Compare contexts with and without redactors.")
    parser.add_argument("--scenes", type=int, default=104)
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    logger.remove()
    scenes: list[Scene] = [
        scene if index % 2 else replace(scene, agent=PERSONAL[index // 2 % len(PERSONAL)])
        for index, scene in enumerate(make(arguments.scenes))
    ]
    wrong = 0
    print(f"{len(scenes)} scenes; contexts that are word for word what was said")
    for gate, system in SYSTEMS.items():
        said = [kept(in_virtual_time(scene, system).context) for scene in scenes]
        for name, policy in POLICIES.items():
            calls = [
                kept(in_virtual_time(scene, system, beside_the_voice=redactors(policy)).context)
                for scene in scenes
            ]
            for times in (True, False):
                rows = [
                    (is_right(shown, told, scene.agent, policy), scene, shown, told)
                    for scene, shown, told in zip(scenes, calls, said, strict=True)
                    if scene.timed is times
                ]
                right = sum(row[0] for row in rows)
                wrong += len(rows) - right
                words = "word times" if times else "no word times"
                print(f"{words:<14} {gate:<8} {name:<9} {right:3d} of {len(rows)}", flush=True)
                for is_it, scene, shown, told in rows:
                    if arguments.verbose and not is_it:
                        print("   ", scene, shown, told, sep="\n    ", file=sys.stderr)
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
