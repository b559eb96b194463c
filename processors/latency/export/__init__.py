"""Latency for others to read: Prometheus, OpenTelemetry, JSON lines, HTTP."""
