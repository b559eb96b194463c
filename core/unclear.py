"""The transcript of speech that was not understood."""

__all__ = ["UNCLEAR"]

UNCLEAR = "[inaudible]"
"""What recognisers of ours write: agents and models ask again on it."""
