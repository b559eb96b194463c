"""Latency probes: where each millisecond of silence went."""
