"""A deterministic agent, written as data, in the place of a language model."""
