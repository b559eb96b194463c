"""Speech recognition by Whisper, in the process itself: open speech, no key and no network."""
