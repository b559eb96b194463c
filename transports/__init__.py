"""Transports, chosen by name when a pipeline is composed."""
