"""What a service calls a language, as an ISO 639-1 code.

Services say `es-419`, `ES_mx`, `spa`, `spanish`, `multi`, nothing at all, or something that is no
language.
"""

__all__ = ["CODES", "language_of"]

_CODES = """
aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv
dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie
ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv
mg mh mi mk ml mn mr ms mt my na nd ne ng nl no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro
ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw
ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""
CODES = frozenset(_CODES.split())

# As ISO 639-2 and -3, former codes, and the models of OpenAI, which tell a name, have them.
OTHER_NAMES = {
    "eng english": "en",
    "spa spanish castilian": "es",
    "fra fre french": "fr",
    "deu ger german": "de",
    "ita italian": "it",
    "por portuguese": "pt",
    "hin hindi": "hi",
    "jpn japanese jp": "ja",
    "zho chi cmn yue chinese mandarin cantonese cn": "zh",
    "rus russian": "ru",
    "ara arb arabic": "ar",
    "nld dut dutch": "nl",
    "kor korean": "ko",
    "nb nn nor nob norwegian": "no",
    "iw heb hebrew": "he",
    "in ind indonesian": "id",
    "jw jav javanese": "jv",
    "fil tgl tagalog": "tl",
}
_OTHER = {name: code for names, code in OTHER_NAMES.items() for name in names.split()}


def language_of(tag: object) -> str:
    """Return the language that a tag names, without its region, or "" if it names none.

    Args:
        tag: What a service told: a Pipecat `Language`, a BCP 47 code, a name, or anything else.
    """
    if not isinstance(tag, str):
        return ""
    # Of a member of an enumeration, what it stands for.
    name = str(getattr(tag, "value", tag)).strip().replace("_", "-").partition("-")[0].lower()
    return name if name in CODES else _OTHER.get(name, "")
