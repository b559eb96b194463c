"""PII redaction, spoken and written."""
