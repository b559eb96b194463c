"""The agent of somebody else, as a scenario names it."""

from antiphon.pipeline import VoiceAgent


def shop() -> VoiceAgent:
    return VoiceAgent(greeting="Welcome to the shop.")
