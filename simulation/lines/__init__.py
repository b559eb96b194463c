"""Telephone lines and who calls over them: a vendor's phone, its network, its noise."""
