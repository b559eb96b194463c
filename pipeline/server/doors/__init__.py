"""The doors by which callers come, one file each."""
