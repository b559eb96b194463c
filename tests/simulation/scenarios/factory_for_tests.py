"""The agent of somebody else, as a scenario names it."""

import os

from antiphon.pipeline import VoiceAgent


def shop() -> VoiceAgent:
    return VoiceAgent(greeting="Welcome to the shop.")


def moody() -> VoiceAgent:
    return VoiceAgent(greeting=f"Good day, said process {os.getpid()}.")
