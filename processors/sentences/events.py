"""Where the scanner has to look: marks that may end a sentence, and what opens and closes."""

import re

from antiphon.processors.sentences.marks import BULLETS, CLAUSE_MARKS, TERMINATORS
from antiphon.processors.sentences.spans import SPAN_MARKS, SPELL_TAGS

__all__ = ["EVENT", "EVENT_OR_CLAUSE", "SPACE", "SPAN", "TAIL"]

# A colon is a full stop behind an Armenian letter, a semicolon a question mark behind a Greek one.
_OWN = "(?P<own>(?<=[\u0531-\u0587\u2026\u055b-\u055f]):|(?<=[\u0386-\u03ff\u1f00-\u1fff]);)"
_RUNS = r"\*{1,3}|`{1,3}"
_TAGS = "|".join(SPELL_TAGS)
_SINGLE_SPANS = SPAN_MARKS.replace("*", "").replace("`", "")
_SINGLE = re.escape(TERMINATORS + "\n" + BULLETS + _SINGLE_SPANS)
EVENT = re.compile(rf"{_TAGS}|[{_SINGLE}]|{_RUNS}|{_OWN}")
EVENT_OR_CLAUSE = re.compile(rf"{_TAGS}|[{_SINGLE}]|{_RUNS}|{_OWN}|[{CLAUSE_MARKS}]")
SPAN = re.compile(rf"{_TAGS}|[{re.escape(_SINGLE_SPANS)}]|{_RUNS}")
SPACE = re.compile(r"\s+")
TAIL = re.compile(rf"(?P<marks>[{re.escape(TERMINATORS)}]+)(?P<closers>[\"'”’»)\]）」』*_]*)\s*")
