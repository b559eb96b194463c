"""What a span holds, as text."""

import re

from opentelemetry.sdk.trace import ReadableSpan

# Ids and times hold any four digits now and then.
ID_OR_TIME = re.compile(r'"(0x[0-9a-f]+|\d{4}-\d\d-\d\dT[^"]*)"')


def shown(span: ReadableSpan) -> str:
    """The span as JSON, but for its ids and times."""
    return ID_OR_TIME.sub('""', span.to_json())
