"""The `antiphon` command, one file a part."""
