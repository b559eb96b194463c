"""Conversations in nodes: Pipecat Flows in a composed call."""
