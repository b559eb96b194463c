"""The processors: each makes one thing about a call good, and can be taken alone."""
