"""Interruption: who has the turn, what was heard."""
