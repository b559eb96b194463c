"""Sentence aggregation between the LLM and TTS."""
