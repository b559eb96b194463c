"""What hibari misreads as it is written, in words that it reads: "2am", "help@example.com", "20 €".

Numbers, dates and what else it reads well are left to it.
"""

import re
from collections.abc import Callable

__all__ = ["spell_out"]

_I = re.IGNORECASE
_UNITS = {
    "s": "second",
    "sec": "second",
    "second": "second",
    "min": "minute",
    "minute": "minute",
    "h": "hour",
    "hr": "hour",
    "hour": "hour",
    "d": "day",
    "day": "day",
    "night": "night",
    "wk": "week",
    "week": "week",
    "mo": "month",
    "month": "month",
    "yr": "year",
    "year": "year",
    "person": "person",
    "user": "user",
    "item": "item",
    "piece": "piece",
    "kg": "kilogram",
    "lb": "pound",
}
_ROADS = {
    "Dr": "Drive",
    "Ln": "Lane",
    "Ct": "Court",
    "Pl": "Place",
    "Pkwy": "Parkway",
    "Hwy": "Highway",
    "Sq": "Square",
    "Ter": "Terrace",
    "Cir": "Circle",
}
_BEFORE_A_DOCTOR = """Ask|Call|Dear|Good|Hello|Hey|Hi|Mail|Meet|My|No|Oh|Okay|Our|See|Sorry|Thanks
|Thank|The|Tell|This|With|Yes|Your""".replace("\n", "")
_DAYS = {
    day[:3]: day
    for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
} | {"Tues": "Tuesday", "Thur": "Thursday", "Thurs": "Thursday"}
_SIGNS = {
    ".": " dot ",
    "@": " at ",
    "/": " slash ",
    "_": " underscore ",
    "-": " dash ",
    "+": " plus ",
    "=": " equals ",
    "&": " and ",
    "?": " question mark ",
    "#": " hash ",
    "~": " tilde ",
    "%": " percent ",
    ":": " colon ",
}
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# A name without "www" or a path is an address if it ends as the most do: "end.Now" is none.
_TOP = r"(?:com|org|net|edu|gov|info|biz|io|ai|dev|app|co|uk|us|ca|eu|de|fr|shop|store|online)"
_PATH = r"(?:[/?#][^\s<>\"'()\[\],;]*)?"
_WEB = re.compile(
    rf"\b(?:https?://(?P<host>(?:{_LABEL}\.)*{_LABEL}(?::\d+)?)|(?P<www>www\.(?:{_LABEL}\.)*{_LABEL})"
    rf"|(?P<bare>(?:{_LABEL}\.){{1,4}}{_TOP}))(?![\w@-])(?P<path>{_PATH})",
    _I,
)
_MAIL = re.compile(rf"[\w.+%-]{{1,64}}@(?:{_LABEL}\.){{1,5}}[a-z]{{2,24}}\b", _I)
_TIME = r"\d{1,2}(?:[:.]\d\d)?"
_DAY = rf"(?:{'|'.join(sorted(_DAYS, key=len, reverse=True))})"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)[a-z]*\.?"
_AMOUNT = r"[$€£]\d+(?:[.,]\d+)*"


def _address(address: str) -> str:
    """An address of the web or of mail, sign by sign."""
    address = re.sub(r"^www\.", "W W W.", address, flags=_I)
    spoken = "".join(_SIGNS.get(char, char) for char in address)
    return re.sub(r" {2,}", " ", spoken).strip()


def _web(match: re.Match[str]) -> str:
    name = match["host"] or match["www"] or match["bare"]
    path = match["path"]
    # What ends a sentence is no part of what it leads to.
    end = path[len(path.rstrip(".!?:")) :]
    path = path.rstrip(".!?:").rstrip("/")
    return _address(name + path) + end


def _clock(match: re.Match[str]) -> str:
    return f"{match[1].replace('.', ':')} {match[2].upper()}.M."


def _foreign(match: re.Match[str]) -> str:
    """A telephone number from abroad, digit by digit."""
    return f"plus {_digits(match)}"


def _digits(match: re.Match[str]) -> str:
    """Groups of digits, digit by digit."""
    return ", ".join(" ".join(group) for group in re.findall(r"\d+", match[0]))


def _zeros(match: re.Match[str]) -> str:
    """A number that begins with a zero, which hibari leaves out; "05 May" is none."""
    return match[0] if match["before"] or match["behind"] else _digits(match)


_RULES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (_MAIL, lambda match: _address(match[0])),
    (_WEB, _web),
    # "2am", "9.30 pm"; hibari reads "9:30" and "A.M.".
    (re.compile(rf"\b({_TIME}) ?([ap])\.?m\b\.?", _I), _clock),
    (re.compile(r"\b24/7\b"), "twenty-four seven"),
    # What belongs to an amount: "$1.50/mo", "5 GB/s".
    (
        re.compile(rf"(\d ?(?:[A-Za-z]{{1,3}}|[€£$%])?)/({'|'.join(_UNITS)})\b"),
        lambda match: f"{match[1]} per {_UNITS[match[2]]}",
    ),
    # "20 €" and "5,99 €" are read as "€20" and "€5.99" are.
    (
        re.compile(r"(?<![\d.,€£$])(\d+(?:[.,]\d{3})*)(?:[.,](\d\d))? ?([€£$])(?!\d)"),
        lambda match: f"{match[3]}{match[1].replace('.', ',')}{'.' + match[2] if match[2] else ''}",
    ),
    # A sign is lost before a currency, a dash between amounts, and the currency with either.
    (re.compile(rf"({_AMOUNT}(?: ?[kmKM])?|\d%?) ?[-–—] ?(?=[$€£]\d)"), r"\1 to "),
    (re.compile(rf"(\d%|{_AMOUNT}) ?[-–—] ?(?=\d)"), r"\1 to "),
    (re.compile(r"(\d) ?[-–] ?(?=\d+(?:\.\d+)? ?%)"), r"\1 to "),
    (re.compile(rf"\b({_MONTH} \d{{1,2}}) ?[-–] ?(?=\d{{1,2}}\b)"), r"\1 to "),
    (re.compile(r"(?<![\w)])[-−] ?(?=[$€£]\d)"), "minus "),
    (re.compile(r"([$€£])[-−](?=\d)"), r"minus \1"),
    (re.compile(r"(?<![\w)])−(?=\d)"), "-"),
    (re.compile(rf"({_AMOUNT}) ?bn\b"), r"\1 billion"),
    (re.compile(r"(\d\.\d)/(5|10)\b"), r"\1 out of \2"),
    # Five tenths of a dollar are no five cents.
    (
        re.compile(r"([$€£]\d+\.\d)(?![\d.]*[\dkKmMbB]|\.\d| ?(?:[mbtr]+illion|thousand))"),
        r"\g<1>0",
    ),
    (re.compile(r"(?<![\d/.])(\d+) ?(?=[½¼¾⅓⅔]|(?<= )(?:1/2|[13]/4|[12]/3)(?![\d/]))"), r"\1 and "),
    (re.compile(r"(?<![\w+])1[ .-](\d{3})[ .-](\d{3})[ .-](\d{4})\b"), r"1, \1-\2-\3"),
    (
        re.compile(r"(?<![\w.,:/+-])0(?:\d{2,}(?:[ -]\d{2,6}){1,4}|\d(?: \d\d){3,4})(?![\w/])"),
        _digits,
    ),
    (
        re.compile(
            rf"(?P<before>\b{_MONTH} )?(?<![\d.,:/$€£-])(?<!\d )0\d+(?![\w:/-]|[.,]\d)"
            rf"(?P<behind> {_MONTH}(?!\w))?"
        ),
        _zeros,
    ),
    (re.compile(r"(?<![\d+])\((\d{3})\) ?(\d{3})[ .-](\d{4})\b"), r"\1-\2-\3"),
    (
        re.compile(r"(?<![\w+])\+1[ .-]?\(?(\d{3})\)?[ .-]?(\d{3})[ .-]?(\d{4})\b"),
        r"plus 1, \1-\2-\3",
    ),
    (re.compile(r"\b(\d{3})\.(\d{3})\.(\d{4})\b"), r"\1-\2-\3"),
    (re.compile(r"(?<![\w+])\+[2-9]\d{0,2}(?:[ .()-]{1,2}\d{1,5}){2,6}\b"), _foreign),
    # A doctor has a name behind the title, a drive has one before it and a number before that.
    (
        re.compile(rf"\b(\d+[A-Z]? (?:[A-Z][\w'.]* ){{1,3}})({'|'.join(_ROADS)})\b(\.)?"),
        lambda match: f"{match[1]}{_ROADS[match[2]]}{_stop(match)}",
    ),
    (
        re.compile(
            rf"\b((?!(?:{_BEFORE_A_DOCTOR})\b)[A-Z]\w+ )({'|'.join(_ROADS)})\b(\.)?"
            r"(?=\s*(?:[,;:!?]|[a-z]|$))"
        ),
        lambda match: f"{match[1]}{_ROADS[match[2]]}{_stop(match)}",
    ),
    (re.compile(r"\b[Aa]pt\.? ?(?=#?\d)"), "apartment "),
    (re.compile(r"\b[Ee]xt\.? ?(?=\d)"), "extension "),
    (
        re.compile(rf"\b({_DAY})\.? ?[-–] ?({_DAY})\b"),
        lambda match: f"{_DAYS[match[1]]} to {_DAYS[match[2]]}",
    ),
    (re.compile(r"(\d:\d\d|\b[AP]\.M\.) ?[-–] ?(?=\d)"), r"\1 to "),
    (re.compile(r"\band/or\b"), "and or"),
    # A date, a fraction, a range or a telephone number is none to hibari before a full stop.
    (re.compile(r"(?<![\w.])(\d+(?:[/-]\d+)+)\.(?=\s|$)"), r"\1 ."),
)


def spell_out(text: str) -> str:
    """Write out what hibari would misread.

    Args:
        text: A piece of a text.
    """
    for rule, words in _RULES:
        text = rule.sub(words, text)
    return text


def _stop(match: re.Match[str]) -> str:
    """The dot of an abbreviation where it ends the text as well."""
    return "." if match[3] and not match.string[match.end() :].strip() else ""
