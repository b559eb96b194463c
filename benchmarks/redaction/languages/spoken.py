"""How people say numbers in nine languages, by rule and apart from the tables that are judged."""

from collections.abc import Callable
from random import Random

__all__ = ["LANGUAGES", "cardinal", "date", "say"]

LANGUAGES = ("en", "es", "fr", "de", "it", "pt", "hi", "ja", "zh")
UNITS = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce "
    "quince dieciséis diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés "
    "veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze "
    "seize dix-sept dix-huit dix-neuf",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn "
    "fünfzehn sechzehn siebzehn achtzehn neunzehn",
    "it": "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici "
    "quattordici quindici sedici diciassette diciotto diciannove",
    "pt": "zero um dois três quatro cinco seis sete oito nove dez onze doze treze quatorze quinze "
    "dezesseis dezessete dezoito dezenove",
    "hi": "शून्य एक दो तीन चार पाँच छह सात आठ नौ दस ग्यारह बारह तेरह "
    "चौदह पंद्रह सोलह सत्रह अठारह उन्नीस बीस इक्कीस बाईस तेईस "
    "चौबीस पच्चीस छब्बीस सत्ताईस अट्ठाईस उनतीस तीस इकतीस बत्तीस "
    "तैंतीस चौंतीस पैंतीस छत्तीस सैंतीस अड़तीस उनतालीस चालीस "
    "इकतालीस बयालीस तैंतालीस चौवालीस पैंतालीस छियालीस सैंतालीस "
    "अड़तालीस उनचास पचास इक्यावन बावन तिरपन चौवन पचपन छप्पन "
    "सत्तावन अट्ठावन उनसठ साठ इकसठ बासठ तिरसठ चौंसठ पैंसठ छियासठ "
    "सड़सठ अड़सठ उनहत्तर सत्तर इकहत्तर बहत्तर तिहत्तर चौहत्तर "
    "पचहत्तर छिहत्तर सतहत्तर अठहत्तर उनासी अस्सी इक्यासी बयासी "
    "तिरासी चौरासी पचासी छियासी सत्तासी अट्ठासी नवासी नब्बे "
    "इक्यानवे बानवे तिरानवे चौरानवे पचानवे छियानवे सत्तानवे "
    "अट्ठानवे निन्यानवे",
}
WORDS = {code: words.split() for code, words in UNITS.items()}
TENS = {
    "en": "twenty thirty forty fifty sixty seventy eighty ninety",
    "es": "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
    "fr": "vingt trente quarante cinquante soixante septante huitante nonante",
    "de": "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
    "it": "venti trenta quaranta cinquanta sessanta settanta ottanta novanta",
    "pt": "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa",
}
HAN = "〇一二三四五六七八九"
KANA = ["ゼロ", "いち", "に", "さん", "よん", "ご", "ろく", "なな", "はち", "きゅう"]
ROMAN_HINDI = ["shunya", "ek", "do", "teen", "char", "paanch", "chhe", "saat", "aath", "nau"]
ENGLISH_HINDI = ["ज़ीरो", "वन", "टू", "थ्री", "फोर", "फाइव", "सिक्स", "सेवन", "एट", "नाइन"]
HUNDREDS_ES = {5: "quinientos", 7: "setecientos", 9: "novecientos"}
HUNDREDS_PT = (
    "", "cem", "duzentos", "trezentos", "quatrocentos", "quinhentos", "seiscentos", "setecentos",
    "oitocentos", "novecentos",
)  # fmt: skip
DOUBLES = {
    "en": "double {}", "es": "doble {}", "fr": "double {}", "de": "doppel {}", "it": "doppio {}",
    "hi": "डबल {}", "zh": "两个{}",
}  # fmt: skip


def cardinal(code: str, n: int, *, swiss: bool = False) -> str:
    """A number below ten thousand as a quantity is said."""
    if code in ("ja", "zh"):
        return _han(n)
    if n >= 1000:
        return _thousands(code, n, swiss)
    if n >= 100:
        return _hundreds(code, n, swiss)
    words = WORDS[code]
    if n < len(words):
        return words[n]
    tens, unit = divmod(n, 10)
    if code == "fr" and not swiss and tens in (7, 9):
        return f"{'soixante' if tens == 7 else 'quatre-vingt'}" + (
            "-et-onze" if n == 71 else f"-{words[unit + 10]}"
        )
    if code == "fr" and not swiss and tens == 8:
        return f"quatre-vingt-{words[unit]}" if unit else "quatre-vingts"
    stem = TENS[code].split()[tens - 2]
    if not unit:
        return stem
    if code == "de":
        return f"{'ein' if unit == 1 else words[unit]}und{stem}"
    if code == "it":
        return (stem[:-1] if unit in (1, 8) else stem) + words[unit]
    joint = {"en": "-", "es": " y ", "pt": " e ", "fr": " et " if unit == 1 else "-"}[code]
    return f"{stem}{joint}{words[unit]}"


def _hundreds(code: str, n: int, swiss: bool) -> str:
    hundreds, rest = divmod(n, 100)
    tail = cardinal(code, rest, swiss=swiss) if rest else ""
    one = WORDS[code][hundreds]
    if code == "de":
        return f"{'ein' if hundreds == 1 else one}hundert{tail}"
    if code == "it":
        return f"{'' if hundreds == 1 else one}cento{tail}"
    if code == "es":
        head = ("ciento" if rest else "cien") if hundreds == 1 else HUNDREDS_ES.get(hundreds)
        return f"{head or one + 'cientos'} {tail}".strip()
    if code == "pt":
        head = ("cento" if rest else "cem") if hundreds == 1 else HUNDREDS_PT[hundreds]
        return f"{head} e {tail}" if rest else head
    if code == "fr":
        return f"{'' if hundreds == 1 else one} cent {tail}".strip()
    if code == "hi":
        return f"{one} सौ {tail}".strip()
    return f"{one} hundred {tail}".strip()


def _thousands(code: str, n: int, swiss: bool) -> str:
    thousands, rest = divmod(n, 1000)
    tail = cardinal(code, rest, swiss=swiss) if rest else ""
    one = WORDS[code][thousands]
    if code == "de":
        return f"{'ein' if thousands == 1 else one}tausend{tail}"
    if code == "it":
        return "mille" + tail if thousands == 1 else f"{one}mila{tail}"
    word = {"es": "mil", "pt": "mil", "fr": "mille", "hi": "हज़ार", "en": "thousand"}[code]
    head = "" if thousands == 1 and code in ("es", "pt", "fr") else one
    return f"{head} {word} {tail}".strip()


def _han(n: int) -> str:
    said = ""
    for size, unit in ((1000, "千"), (100, "百"), (10, "十")):
        digit, n = divmod(n, size)
        if digit:
            said += ("" if digit == 1 else HAN[digit]) + unit
    return said + (HAN[n] if n or not said else "")


def digit(code: str, n: int, rng: Random) -> str:
    """A figure, as it is said in a row of them."""
    if code == "ja":
        return rng.choice((HAN[n], KANA[n])) if n else rng.choice(("ゼロ", "〇", "零"))
    if code == "zh":
        return {0: rng.choice("零〇"), 1: rng.choice("一幺")}.get(n, HAN[n])
    if code == "de" and n == 2:
        return rng.choice(("zwei", "zwo"))
    if code == "pt" and n == 6:
        return rng.choice(("seis", "meia"))
    if code == "en" and n == 0:
        return rng.choice(("zero", "oh"))
    return WORDS[code][n]


def _one_by_one(code: str, digits: str, rng: Random) -> list[str]:
    kind = rng.randrange(3)
    if code == "hi" and kind:
        return [(ROMAN_HINDI, ENGLISH_HINDI)[kind - 1][int(d)] for d in digits]
    if code == "ja":
        words: list[str] | str = KANA if kind else ["零" if d == "〇" else d for d in HAN]
        return [words[int(d)] for d in digits]
    return [digit(code, int(d), rng) for d in digits]


def _by(size: int) -> Callable[[str, str, Random], list[str]]:
    """Say so many figures at once, as one number."""

    def said(code: str, digits: str, rng: Random) -> list[str]:
        found: list[str] = []
        swiss = rng.random() < 0.3
        for at in range(0, len(digits), size):
            group = digits[at : at + size]
            zeros = len(group) - len(group.lstrip("0"))
            found += [digit(code, 0, rng) for _ in range(zeros)]
            if group[zeros:]:
                found.append(cardinal(code, int(group[zeros:]), swiss=swiss))
        return found

    return said


def _doubled(code: str, digits: str, rng: Random) -> list[str]:
    found: list[str] = []
    at = 0
    while at < len(digits):
        word = digit(code, int(digits[at]), rng)
        if code in DOUBLES and digits[at : at + 1] == digits[at + 1 : at + 2]:
            found.append(DOUBLES[code].format(word))
            at += 2
        else:
            found.append(word)
            at += 1
    return found


def _mixed(code: str, digits: str, rng: Random) -> list[str]:
    """Some as figures, some as words, as a recogniser writes them."""
    found: list[str] = []
    at = 0
    while at < len(digits):
        group = digits[at : at + rng.choice((1, 2, 4))]
        found += [group] if rng.random() < 0.5 else [digit(code, int(d), rng) for d in group]
        at += len(group)
    return found


def _figures(code: str, digits: str, rng: Random) -> list[str]:
    if code == "hi" and rng.random() < 0.5:
        digits = digits.translate({48 + n: 0x966 + n for n in range(10)})
    elif code in ("ja", "zh") and rng.random() < 0.3:
        digits = digits.translate({48 + n: 0xFF10 + n for n in range(10)})
    return [digits[at : at + 4] for at in range(0, len(digits), 4)]


STYLES = {
    "one by one": _one_by_one,
    "by pairs": _by(2),
    "by threes": _by(3),
    "doubled": _doubled,
    "mixed": _mixed,
    "figures": _figures,
}


def say(code: str, digits: str, style: str, rng: Random) -> list[str]:
    """The words by which somebody says figures, in a style of `STYLES`.

    Styles beside those: "by fours" as four-figure quantities, "switched" in two languages.
    """
    if style == "by fours":
        return _by(4)(code, digits, rng)
    if style == "switched":
        other = rng.choice([c for c in LANGUAGES if c != code and (code != "en" or c != "en")])
        cut = rng.randrange(2, len(digits) - 1) if len(digits) > 4 else len(digits) // 2
        first, second = (code, other) if rng.random() < 0.5 else (other, code)
        return [
            *STYLES[rng.choice(("one by one", "by pairs"))](first, digits[:cut], rng),
            *STYLES[rng.choice(("one by one", "by pairs"))](second, digits[cut:], rng),
        ]
    return STYLES[style](code, digits, rng)


MONTHS = {
    "en": "January March June August October December",
    "es": "enero marzo junio agosto octubre diciembre",
    "fr": "janvier mars juin août octobre décembre",
    "de": "Januar März Juni August Oktober Dezember",
    "it": "gennaio marzo giugno agosto ottobre dicembre",
    "pt": "janeiro março junho agosto outubro dezembro",
    "hi": "जनवरी मार्च जून अगस्त अक्टूबर दिसंबर",
}
MONTH_NUMBERS = (1, 3, 6, 8, 10, 12)
DATES = {
    "en": "{month} {day} {year}", "es": "{day} de {month} de {year}", "fr": "{day} {month} {year}",
    "it": "{day} {month} {year}", "pt": "{day} de {month} de {year}", "hi": "{day} {month} {year}",
}  # fmt: skip
ENDS_DE = {1: "ersten", 3: "dritten", 7: "siebten", 8: "achten"}


def date(code: str, rng: Random) -> str:
    """A date of birth, in words or figures."""
    day, at, year = rng.randrange(1, 29), rng.randrange(6), rng.randrange(1940, 2006)
    month = MONTH_NUMBERS[at]
    if code in ("ja", "zh"):
        unit = rng.choice(("日", "号")) if code == "zh" else "日"
        if rng.random() < 0.5:
            return f"{year}年{month}月{day}{unit}"
        return "".join(HAN[int(d)] for d in str(year)) + f"年{_han(month)}月{_han(day)}{unit}"
    if rng.random() < 0.3:
        sign = "." if code == "de" else "/"
        return sign.join((str(day), str(month), str(year)))
    name = MONTHS[code].split()[at]
    if rng.random() < 0.4:
        shape = "{day}. {month} {year}" if code == "de" else DATES[code]
        return shape.format(day=day, month=name, year=year)
    said = cardinal(code, year)
    if code in ("en", "de") and year < 2000:
        tail = cardinal(code, year % 100)
        said = f"nineteen {tail}" if code == "en" else f"neunzehnhundert{tail}"
    elif rng.random() < 0.3 and year % 100 > 9:
        said = cardinal(code, year % 100)
    if code == "de":
        nth = ENDS_DE.get(day) or cardinal(code, day) + ("ten" if day < 20 else "sten")
        later = ENDS_DE.get(month) or cardinal(code, month) + "ten"
        return f"{nth} {rng.choice((name, later))} {said}"
    return DATES[code].format(day=cardinal(code, day), month=name, year=said)
