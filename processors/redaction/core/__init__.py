"""What is personal in a text or a value, and what becomes of it: pure, without Pipecat."""
