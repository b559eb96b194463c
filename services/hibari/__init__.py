"""A natural English voice: hibari, with no key and no network."""
