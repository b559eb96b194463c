"""How the scripts of the languages are cut into words, and what is read alike in them.

A Chinese or Japanese character is a word of its own, as these are written without spaces; a vowel
sign of Hindi belongs to its letter.
"""

import re
import unicodedata

__all__ = ["CJK", "LETTER", "MARKS", "is_cjk", "is_untold", "plain", "split", "spoken_script"]

# Ideographs with 々 and 〇, kana with their prolonged sound, half-width kana.
CJK = "\u3005-\u3007\u3040-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
FIRST_CJK = "\u3005"
# What is no letter to `re` but part of one: accents apart, the signs of Devanagari.
MARKS = "\u0300-\u036f\u0900-\u0903\u093a-\u093c\u093e-\u094f\u0951-\u0957\u0962\u0963"
LETTER = rf"[^\W\d_{CJK}]"
# Greek to Syriac, Thai, Korean and the like: scripts of no language that has a table.
_UNTOLD = re.compile("[\u0370-\u08ff\u0980-\u1cff\u1f00-\u1fff\ua000-\uabff\uac00-\ud7ff]")
_ALONE = re.compile(f"([{CJK}])")
_KANA = re.compile("[\u3041-\u30fa\u30fc-\u30ff\uff66-\uff9f]")
_IDEOGRAPH = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_DEVANAGARI = re.compile("[\u0904-\u0939]")
_LATIN = re.compile("[A-Za-zÀ-ɏḀ-ỿ]")
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def is_cjk(character: str) -> bool:
    """Whether a character is a word of its own, as in Chinese and Japanese."""
    return character >= FIRST_CJK and _ALONE.match(character) is not None


def split(phrase: str) -> tuple[str, ...]:
    """The words of a phrase of a table, as the scanner cuts them; apostrophes and hyphens part."""
    text = phrase.replace("'", " ").replace("-", " ")
    if not text.isascii():
        text = _ALONE.sub(r" \1 ", unicodedata.normalize("NFC", text))
    return tuple(text.split())


def plain(word: str) -> tuple[str, ...]:
    """How else a word is written where nobody types its accents: "fuenf" and "funf"."""
    if word.isascii() or not word.isalpha() or ord(max(word)) > 0x24F:
        return ()
    bare = "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))
    return (bare.replace("ß", "ss"), word.translate(_GERMAN))


def is_untold(text: str) -> bool:
    """Whether most of a text is in a script of no language that has a table."""
    return not text.isascii() and len(_UNTOLD.findall(text)) > len(_LATIN.findall(text))


def spoken_script(text: str) -> str:
    """The language that a text is in by its script alone; "" if that does not tell."""
    kana, ideographs = len(_KANA.findall(text)), len(_IDEOGRAPH.findall(text))
    signs, letters = len(_DEVANAGARI.findall(text)), len(_LATIN.findall(text))
    if 2 * (kana + ideographs) > letters:
        return "ja" if kana else "zh"
    return "hi" if signs > letters else ""
