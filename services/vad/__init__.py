"""One voice activity detector for all calls of a process."""
