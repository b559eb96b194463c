"""The embedded default: speech in, speech out and a scripted agent with no key and no network."""
