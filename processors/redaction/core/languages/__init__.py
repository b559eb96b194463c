"""Language tables, one JSON file a language; read by `language.py`."""
