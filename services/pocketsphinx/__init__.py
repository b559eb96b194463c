"""Speech recognition by PocketSphinx: no key, no network, a grammar or the English model."""
