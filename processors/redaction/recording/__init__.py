"""A recording without what was redacted: two tracks on one clock, and words on them."""
