"""Telephones: a vendor's messages, what is sent ahead, and what the far end has played."""
