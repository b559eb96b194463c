"""Numbers as they are said in nine languages, by those who stay in one and those who do not."""

import pytest

from antiphon.processors.redaction import Redactor
from antiphon.processors.redaction.core.fallback import without_numerals
from antiphon.processors.redaction.core.language import LANGUAGES, load_language
from antiphon.processors.redaction.core.runs import find_runs
from antiphon.processors.redaction.core.units import scan


@pytest.mark.parametrize(
    ("language", "said", "meant"),
    [
        ("es", "doble cero, setenta y dos, veintidos", "007222"),
        ("fr", "quatre-vingt dix-sept septante et un nonante-huit double zéro", "97719800"),
        ("de", "zwo fuenf einundzwanzig doppel null", "252100"),
        ("it", "ventitré sessantotto sei doppio sei zero", "23686660"),
        ("pt", "três meia vinte e um dezenove tres", "3621193"),
        ("hi", "चार पैंतालीस ४५ डबल नौ", "44545" + "99"),
        ("hi", "char paanch teen nau shunya", "45390"),
        ("ja", "〇三一二三四五十", "0312345" + "0"),
        ("ja", "ゼロさん よんごー ろくなな", "034567"),
        ("ja", "０９０１２３４", "0901234"),
        ("zh", "幺三八零零幺三", "1380013"),
        ("zh", "三个八 四十五 零", "888450"),
        ("en", "four five, cuatro ocho, acht null, 三七", "4548" + "80" + "37"),
        ("de", "vier fünf seven eight dos tres", "457823"),
        ("es", "seis siete one two quarante-cinq", "671245"),
    ],
)
def test_a_number_is_read_in_its_language_and_in_others(
    language: str, said: str, meant: str
) -> None:
    table = load_language(language)

    assert "".join(run.value for run in find_runs(scan(said, table), table)) == meant


@pytest.mark.parametrize(
    ("language", "said", "amount"),
    [
        ("es", "trescientos cuarenta y cinco", "345"),
        ("es", "cuatro mil quinientos treinta y nueve", "4539"),
        ("fr", "quatre mille cinq cent trente-neuf", "4539"),
        ("fr", "cent quatre-vingt-cinq", "185"),
        ("de", "viertausendfünfhundertneununddreißig", "4539"),
        ("de", "hundertzwei", "102"),
        ("it", "quattromilacinquecentotrentanove", "4539"),
        ("it", "seicentosedici", "616"),
        ("pt", "quatro mil quinhentos e trinta e nove", "4539"),
        ("hi", "चार सौ पैंतालीस", "445"),
        ("zh", "三百四十五", "345"),
        ("en", "four hundred and fifty", "450"),
    ],
)
def test_a_quantity_is_one_number(language: str, said: str, amount: str) -> None:
    (unit,) = scan(said, load_language(language)).units

    assert (unit.kind, unit.digits) == ("CARDINAL", amount)


@pytest.mark.parametrize(
    ("language", "question", "answer", "kept"),
    [
        ("es", "¿Me da los tres números del reverso?", "sí, es el siete cero dos", "sí, es el"),
        (
            "es",
            "",
            "mi móvil es seiscientos doce, trescientos cuarenta, setecientos",
            "mi móvil es",
        ),
        ("fr", "Vous avez reçu un code, quel est-il ?", "oui, vingt-trois, quarante", "oui,"),
        ("de", "Wie ist die Prüfziffer?", "ja, zwo null fünf", "ja,"),
        ("es", "¿El CVV?", "creo que es novecientos doce", "creo que es"),
        ("fr", "Et le code au dos ?", "je retourne la carte, trois zéro neuf", "je retourne"),
        ("en", "And the security code?", "let me turn the card over, three oh nine", "let me"),
        ("fr", "Le cryptogramme ?", "je crois que c'est huit cent douze", "je crois que c'est"),
        ("de", "Die Prüfnummer?", "ich glaube, neunhundertzwölf", "ich glaube,"),
        ("es", "¿Su NIE?", "ye, seis millones veinte mil trescientos cuatro, pe", ""),
        (
            "de",
            "",
            "die Karte fängt an mit fünf eins null fünf eins null, am Ende fünf eins null null",
            "die Karte fängt an mit",
        ),
        ("de", "", "rufen Sie mich an unter null eins sieben zwo fünf fünf sechs", "rufen Sie"),
        ("it", "Mi dice il codice di sicurezza?", "certo, sei due nove", "certo,"),
        ("pt", "Qual é o seu CPF?", "é três dois um meia cinco quatro nove", "é"),
        ("hi", "आपका ओटीपी क्या है?", "जी, दो सात शून्य चार", "जी,"),
        ("ja", "暗証番号をお願いします。", "はい、二七〇四です", "はい、"),
        ("ja", "すみません。暗証番号は？", "はい、二七〇四です", "はい、"),
        ("zh", "背面三位数？", "七二零", ""),
        ("zh", "请问您的验证码是多少？", "好的，二七零四", "好的，"),
        ("en", "Wie lautet Ihre Kartennummer?", "vier fünf drei neun eins vier", ""),
        ("en", "¿Cuál es su PIN?", "dos cero one nine", ""),
        ("es", "What is your PIN?", "two zero one nine", ""),
        ("en", "Welcher Code steht in der SMS?", "da steht sieben drei drei eins", "da steht"),
        ("en", "Votre code secret ?", "vingt-quatre soixante-huit", ""),
        ("en", "Reisepassnummer?", "C null eins X null null sechs H", ""),
        ("en", "Ihre E-Mail-Adresse?", "lukas unterstrich zweiundachtzig ät web punkt de", ""),
    ],
)
def test_what_is_asked_for_or_announced_goes(
    language: str, question: str, answer: str, kept: str
) -> None:
    redactor = Redactor(language=language)
    redactor.redact(question, role="agent")

    text = redactor.redact(answer).text

    assert text.startswith(kept)
    tables = [load_language(code).numerals.all for code in LANGUAGES]
    left = [w for w in text.removeprefix(kept).replace(",", " ").split() if "<" not in w]
    assert not [word for word in left if any((word,) in table for table in tables)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "said",
    [
        "I do, I do, and once more, as a teen, I saw an elf die on a dos machine",
        "um um um um, so, no",
        "la vi una vez a las once y media, sin más",
        "il faut que je prenne les six billets, c'est dix euros",
        "das hat er um acht noch nicht gewusst, die elf auch nicht",
        "tu sei sicuro che sei il primo di due?",
        "meia hora ou uma hora, um dos dois",
        "एक मिनट, दो लोगों के साथ",
        "田中さんに五時にご連絡します",
        "万一不行怎么办，十分感谢，三明治两个",
        "come stai, va tutto bene",
        "il faut voir les articles 1645 et 1646 de la loi, puis 1519-1521",
        "Hội An, ị ở, 4",
    ],
)
def test_ordinary_sentences_are_left_as_they_are(language: str, said: str) -> None:
    assert Redactor(language=language).redact(said).text == said


@pytest.mark.parametrize(
    ("language", "said", "shown"),
    [
        ("ja", "番号は四五よんさん", "番号は*"),
        ("ja", "お母さんに聞きます", "お母さんに聞きます"),
        ("zh", "卡号是四五三九", "卡号是*"),
        ("hi", "नंबर चार ४५", "नंबर *"),
        ("it", "sei sette", "*"),
        ("es", "es trescientos", "es *"),
    ],
)
def test_where_detection_fails_number_words_go_in_every_script(
    language: str, said: str, shown: str
) -> None:
    assert without_numerals(said, load_language(language)) == shown


def test_in_a_language_without_a_table_all_of_an_answer_goes() -> None:
    redactor = Redactor(language="fi")
    redactor.expect("card_number")

    assert redactor.redact("neljä viisi kolme yhdeksän").text == "<NUMBER>"
    # And in a script of no table, whatever the tag.
    redactor = Redactor()
    redactor.expect("pin")
    assert redactor.redact("четыре пять").text == "<NUMBER>"
    assert Redactor().redact("мой номер 45").text == "мой номер <NUMBER>"


def test_accents_may_be_parts_of_their_letters() -> None:
    said = "mi telefono es seis uno dos tres cuatro cinco seis siete ocho"
    decomposed = said.replace("telefono", "tele\u0301fono")

    assert Redactor(language="es").redact(said).text.endswith("es <PHONE_NUMBER>")
    assert Redactor(language="es").redact(decomposed).text.endswith("es <PHONE_NUMBER>")


@pytest.mark.parametrize(
    ("language", "said", "shown"),
    [
        ("it", "la mia password è farfalla22", "la mia password è <PASSWORD>"),
        ("pt", "minha senha é borboleta22", "minha senha é <PASSWORD>"),
        ("es", "la contraseña es cuatro dos siete uno", "la contraseña es <PASSWORD>"),
        ("fr", "mon mot de passe ne marche pas", "mon mot de passe ne marche pas"),
        ("it", "mario punto rossi chiocciola esempio punto it", "<EMAIL_ADDRESS>"),
        ("pt", "ana ponto silva arroba exemplo ponto com", "<EMAIL_ADDRESS>"),
        ("zh", "zhang艾特example点com", "<EMAIL_ADDRESS>"),
        ("de", "geboren am einundzwanzigsten elften achtundsiebzig", "geboren am <DATE_OF_BIRTH>"),
        ("zh", "我的出生日期是一九七八年十一月二十一日", "我的出生日期是<DATE_OF_BIRTH>"),
        ("it", "il mio codice fiscale è RSSMRA85T10A562S", "il mio codice fiscale <NATIONAL_ID>"),
        ("es", "con DNI 43456789 F", "con DNI <NATIONAL_ID>"),
        ("es", "DNI 43456789F", "DNI <NATIONAL_ID>"),
        ("fr", "NIR 1850578006084 clé 36", "NIR <NATIONAL_ID>"),
        ("fr", "le mot de passe c'est chaton22", "le mot de passe c'est <PASSWORD>"),
        (
            "fr",
            "ma femme a le zéro six douze vingt-deux trente-trois quarante-quatre",
            "ma femme a le <PHONE_NUMBER>",
        ),
        (
            "de",
            "ich bin am 19. September 1966 in Bad Tölz geboren",
            "ich bin am <DATE_OF_BIRTH> in Bad Tölz geboren",
        ),
        ("ja", "1980年5月3日に東京で生まれました", "<DATE_OF_BIRTH>に東京で生まれました"),
        ("zh", "我是1980年5月3日在北京出生的", "我是<DATE_OF_BIRTH>在北京出生的"),
        ("zh", "我的生日是八月三号", "我的生日是<DATE_OF_BIRTH>"),
        ("zh", "月底生日会有三个人", "月底生日会有三个人"),
        ("ja", "平成四年八月十四日生まれです", "平成<DATE_OF_BIRTH>生まれです"),
        ("ja", "誕生日は来月です", "誕生日は来月です"),
        ("es", "cumplo años el doce de julio", "cumplo años el <DATE_OF_BIRTH>"),
        (
            "de",
            "ich wohne seit achtundzwanzig Jahren hier",
            "ich wohne seit achtundzwanzig Jahren hier",
        ),
        (
            "de",
            "am dritten Mai wird das Haus in Kiel verkauft",
            "am dritten Mai wird das Haus in Kiel verkauft",
        ),
    ],
)
def test_other_types_are_known_by_the_words_of_each_language(
    language: str, said: str, shown: str
) -> None:
    assert Redactor(language=language).redact(said).text == shown


def test_who_answers_does_so_in_the_language_of_the_question() -> None:
    redactor = Redactor()
    redactor.redact("Wann sind Sie geboren?", role="agent")

    assert redactor.redact("also, 22. Januar 1955").text == "also, <DATE_OF_BIRTH>"
    redactor.redact("Wann sind Sie geboren?", role="agent")
    assert redactor.redact("sure, my date of birth is May third 1984").text.startswith("sure, my ")
