"""What every room may import: shared state, and what we lean on of Pipecat's inside."""
