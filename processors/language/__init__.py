"""Which language a caller speaks, and who else has to know."""
