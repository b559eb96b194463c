"""Composing and running calls."""
