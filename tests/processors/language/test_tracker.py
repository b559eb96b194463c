"""A caller's language is followed, and one foreign name or a wrong tag changes nothing."""

import pytest

from antiphon.processors.language.tracker import LanguageTracker

ORDERS = {
    "en": "Hello, where is the parcel that I ordered last week",
    "es": "Hola, dónde está el paquete que pedí la semana pasada",
    "fr": "Bonjour, où est le colis que j'ai commandé la semaine dernière",
    "de": "Hallo, wo ist das Paket, das ich letzte Woche bestellt habe",
    "it": "Buongiorno, dov'è il pacco che ho ordinato la settimana scorsa",
    "pt": "Olá, onde está o pacote que eu pedi na semana passada",
    "hi": "नमस्ते, मेरा पार्सल कहाँ है जो मैंने पिछले हफ़्ते मंगाया था",
    "ja": "先週注文した荷物は今どこにありますか",
    "zh": "你好，我上周订的包裹现在在哪里",
    "ru": "Здравствуйте, где моя посылка, которую я заказал",
    "uk": "Добрий день, де моя посилка, яку я замовив учора їй",
    "ar": "مرحبا، أين الطرد الذي طلبته الأسبوع الماضي",
}
WRONG = [None, "", "multi", "cy", 5, b"es", ["es"], "no such language"]


@pytest.mark.parametrize("code", ORDERS)
@pytest.mark.parametrize("tag", ["right", *WRONG])
def test_a_caller_who_changes_is_followed_in_the_same_utterance(code: str, tag: object) -> None:
    tracker = LanguageTracker(["de" if code == "en" else "en", *ORDERS])
    heard = tracker.hear(ORDERS[code], code if tag == "right" else tag)
    assert (heard.spoken, heard.settled, heard.switched) == (code, code, True)


@pytest.mark.parametrize("code", ORDERS)
@pytest.mark.parametrize("tag", ["right", *WRONG, "other"])
def test_who_stays_is_not_left_whatever_the_tag_says(code: str, tag: object) -> None:
    tracker = LanguageTracker([code, *ORDERS])
    given = {"right": code, "other": "fr" if code == "es" else "es"}.get(str(tag), tag)
    for _ in range(3):
        heard = tracker.hear(ORDERS[code], given)
        assert (heard.spoken, heard.settled, heard.switched) == (code, code, False)


@pytest.mark.parametrize("tag", ["es", None, "multi"])
def test_a_foreign_name_alone_changes_nothing_however_long(tag: str | None) -> None:
    tracker = LanguageTracker(["en", "es"])
    for text in ("Jorge Hernández", "Jorge Luis Gutiérrez Castellanos Villalobos", "4111 1111"):
        assert tracker.hear(text, tag).settled == "en"


def test_short_words_of_another_language_are_followed_when_they_come_twice() -> None:
    tracker = LanguageTracker(["en", "es"])
    assert tracker.hear("Sí, muchas gracias").settled == "en"
    assert tracker.hear("cuatro uno uno").settled == "es"


def test_thanks_in_another_language_are_no_change_unless_the_stt_says_so() -> None:
    tracker = LanguageTracker(["en", "es", "fr"])
    for thanks in ("gracias", "muchas gracias", "merci", "merci beaucoup"):
        assert tracker.hear(thanks).settled == "en"
    assert tracker.hear("gracias", "es").settled == "en"
    assert tracker.hear("sí", "es").settled == "es"


@pytest.mark.parametrize(
    "title",
    [
        "El amor en los tiempos del cólera",
        "The Lord of the Rings",
        "The Bank of America on Wall Street",
        "Herr von der Leyen",
        "Rue du Faubourg Saint-Honoré",
        "Museu de Arte de São Paulo",
        "Universidad Nacional Autónoma de México",
    ],
)
@pytest.mark.parametrize("tag", ["en", "es", "fr", "de", "pt", "multi"])
def test_a_title_or_a_street_alone_is_nobody_speaking(title: str, tag: str) -> None:
    tracker = LanguageTracker(["it", "en", "es", "fr", "de", "pt"])
    for _ in range(2):
        assert tracker.hear(title, tag).settled == "it"


def test_what_was_said_between_ends_the_doubt() -> None:
    tracker = LanguageTracker(["en", "es"])
    assert tracker.hear("Sí, muchas gracias").settled == "en"
    assert tracker.hear("that is what my mother always says").settled == "en"
    assert tracker.hear("cuatro uno uno").settled == "en"


def test_an_agent_stays_in_its_languages_but_tells_what_was_spoken() -> None:
    tracker = LanguageTracker(["en", "es"])
    heard = tracker.hear(ORDERS["fr"])
    assert (heard.spoken, heard.settled, heard.switched) == ("fr", "en", False)


def test_a_language_without_a_list_is_known_by_its_tag() -> None:
    tracker = LanguageTracker(["en", "nl"])
    assert tracker.hear("ik wil graag mijn bestelling annuleren", "nl").settled == "nl"
    assert tracker.hear("dank u wel", "nl").spoken == "nl"


def test_a_tag_is_kept_where_no_word_is_known_and_not_where_there_is_none() -> None:
    tracker = LanguageTracker(["en", "es"])
    assert tracker.hear("cztery jeden jeden jeden", "pl").spoken == "pl"
    assert tracker.hear("4111 1111 1111 1111", "pl").spoken == "en"
    assert tracker.settled == "en"


def test_a_prediction_that_is_not_clear_does_not_count_as_an_utterance() -> None:
    tracker = LanguageTracker(["en", "es"])
    tracker.hear("Sí, muchas gracias", predicted=True)
    assert tracker.hear("Sí, muchas gracias").settled == "en"
    assert tracker.hear(ORDERS["es"], predicted=True).settled == "es"


def test_a_short_answer_in_chinese_characters_is_japanese_in_a_japanese_call() -> None:
    tracker = LanguageTracker(["ja", "zh"])
    assert tracker.hear("了解", None).spoken == "ja"
    assert tracker.hear("我想取消昨天的预订", None).spoken == "zh"


def test_who_is_told_no_languages_follows_any_from_the_first() -> None:
    tracker = LanguageTracker()
    assert tracker.hear("hm").settled == ""
    assert tracker.hear("Hola", "es").settled == "es"
    assert tracker.hear(ORDERS["de"]).settled == "de"


def test_reading_ahead_settles_nothing() -> None:
    tracker = LanguageTracker(["en", "es"])
    assert tracker.read(ORDERS["es"]) == "es"
    assert tracker.settled == "en"


def test_a_text_without_end_costs_no_more_than_a_long_one() -> None:
    assert LanguageTracker(["en", "es"]).hear("quiero " * 1_000_000).spoken in ("en", "es")


@pytest.mark.parametrize("tag", ["en", "multi", None])
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("es", "perdona, ¿hablas español?"),
        ("de", "sprechen Sie Deutsch?"),
        ("fr", "vous parlez français ?"),
        ("pt", "alguém aí fala português?"),
        ("zh", "有人会说中文吗"),
        ("hi", "mujhe apne bill ke baare mein baat karni hai"),
    ],
)
def test_who_asks_for_a_language_in_it_is_followed_at_once(
    language: str, said: str, tag: object
) -> None:
    tracker = LanguageTracker([*ORDERS])
    assert tracker.hear(said, tag).settled == language


@pytest.mark.parametrize(
    "said",
    ["the book is Deutsch als Fremdsprache", "Cinéma Français", "Curso de Português", "Hindi"],
)
def test_the_name_of_a_language_in_a_name_switches_nothing(said: str) -> None:
    assert LanguageTracker([*ORDERS]).hear(said, "multi").settled == "en"
