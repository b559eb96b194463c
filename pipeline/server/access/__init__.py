"""Who gets in: keys, tokens, rates, places, and what a request may be."""
