"""What a caller hears: where the scanner ends a sentence and where it does not."""

import pytest

from antiphon.processors.sentences import SentenceSettings
from antiphon.processors.sentences.scanner import SentenceScanner

WHOLE = SentenceSettings(first_clause=False)
EAGER = SentenceSettings(mode="eager", first_clause=False)


def chunks(text: str, language: str | None = None, rules: SentenceSettings = WHOLE) -> list[str]:
    scanner = SentenceScanner(language, settings=rules)
    return scanner.feed(text) + scanner.flush()


# A bar stands where the scanner cuts; without the bars it is the text.
ENGLISH = [
    # Numbers, money, times, dates
    "The rate is 4.25 percent.| It was 4.1 in May.",
    "You owe $2,310.75.| Shall I charge the card on file?",
    "Take .25 milligrams at night.| Call us if it hurts.",
    "We can see you at 9:15 a.m. on Friday.| Does that suit you?",
    "The clinic opens at 8 a.m. Monday.| Bring a photo ID.",
    "The plumber comes at 3 p.m.| He will ring twice.",
    "The train leaves at 6 p.m.| Mr. Okafor will meet you.",
    "At 6 p.m. Mr. Okafor will meet you.",
    "Your trial ends Oct. 31.| You can cancel before that.",
    "It was built in 1987.| Nobody lives there now.",
    "The final score was 3.| We lost.",
    # Phones, versions, addresses on the net, files
    "Please call 1.800.555.0142.| Ask for billing.",
    "You are on version 10.4.1.| The newest one is 11.0.",
    "Write to sam.lee@mail.example.org.| We answer within a day.",
    "Go to https://example.org/a.b?c=d.| Then sign in.",
    "Open summary.v3.final.docx now.| Scroll to the end.",
    "The server is 10.0.0.12.| It answers.",
    # Abbreviations and initials
    "Dr. Nguyen moved to St. Paul last year.| She likes it.",
    "He works for Initech Inc.| They make software.",
    "I lived in the U.S. for years.| Now I am back.",
    "The U.S. Senate voted.| It was close.",
    "Pack towels, soap, etc.| We have the rest.",
    "Bring a snack, e.g. an apple.| Leave the nuts.",
    "J. R. R. Tolkien wrote it.| It is long.",
    "Take plan B.| It is cheaper.",
    "It is only you and I.| Did you know?",
    "Your room is No. 12.| No.| I mean 14.",
    "She is 5 ft. 4 in. tall.| He is taller.",
    # Ellipses, quotes, brackets
    "Well... let me look.| Found it.",
    "One second...| Yes, that works.",
    "I thought . . . never mind.| Go on.",
    'The sign says, "Closed."| Try the other door.',
    '"Are you sure?" she asked.| He was.',
    'He said, "Wait. Not yet." and smiled.| Then he left.',
    "You get a code (it may take a while. Be patient) by text.| Read it out.",
    "I see two flights (the cheap one leaves early and stops in Denver, and the other one is "
    "direct but lands much later at night.| Which do you want?",
    "(That was a joke.)| Let us start.",
    "The text is unclear [...] but short.| Fine.",
    "That is well known.[3]| It has been measured.",
    # Marks together
    "What?!| You are kidding.",
    "Great!!!| Next question.",
    "Yahoo! Finance has it.| Look there.",
    # Lists and lines
    "1. Turn it off.| 2. Wait.| 3. Turn it on.",
    "1) Turn it off| 2) Wait a bit",
    "a) Tea| b) Milk| c) Juice",
    "1.) Tea| 2.) Milk| 3.) Juice",
    "Options:| • tea| • milk| • juice",
    "You need:|\n- milk|\n- bread",
    "Your order|\n\nTwo pizzas.|\n\nTotal: $21.50.",
    "The address is\ntoo long for one line.| So be it.",
    # Joined, lower case, emoji, markup
    "I checked that.|It ships today.|Anything else?",
    "Use os.path.join here.| It works.",
    "eBay called.| iPads are back.",
    "hello there.| how can i help?| sure.",
    "Done! 🎉| What else?",
    "**Note. Read this** first.| Then sign.",
    "Run `pip. install` now.| Then wait.",
    "Wait <mark name='a. B'/> here.| Good.",
    "Hold on.| <break time='0.5s'/> I have it.| Ready?",
    "Oh no!| <emotion value='sad'/> I am sorry.|<break/>But we can help.",
    "Well done.| *laughs softly* You made it.| _sighs_ Now rest. *waves*",
    "That is *really* good.| *Really* good.",
    "Hmm... Let me see.| Here it is.",
    # Numbers that are read back, and counts that are not
    "Your code is 7. 7. 4. 0.| Is that right?",
    "Dial 212. 555. 0187.| Then wait.",
    "The code is 4-1-5. 5-5-5.| Then wait.",
    "The pin is Six. Three. Three. Nine.| Got it?",
    "It is two... four... eight...| Okay?",
    "I was born in 1988.| 12 years later we moved.",
    "I have one.| Two more came.",
    # Abbreviations before numbers, and lists that a colon announces
    "Your Acct. 2231 and Ref. 8 are open.| See vol. XI and chap. V too.",
    "Your bill is Rs. 750 now.| Temp. 98.6 is fine.",
    "You have two options:| 1. Keep it.| 2. Drop it.",
    "You have two options:| 1) Keep it.| 2) Drop it.",
    "First:| 1. Turn left.| 2. Stop at the bank.",
    "Your code is A. B. 4. 7. Q.| Did I get that right?",
    "It is B. 7. 2. F.| I wrote it down.",
    "Your total is: 5.| Thanks.",
    "Your code is <spell>A. B. C! 12.</spell> for now.| Bye.",
    "It is <spell>x. Y.</spell>.| Is 1 < 2?| Yes.",
]


OTHERS = [
    ("de", "Das ist z.B. am 3. Oktober so.| Der 2. Weltkrieg endete 1945.| Ja."),
    ("de", "Es kostet 1.250,75 Euro.| Um 14.30 Uhr kommt Dr. Weber."),
    ("de", "Er rief: „Halt. Nicht so schnell!“| Dann war es still."),
    ("de", "Sie wohnt in der Lindenstr. 12.| Frau Dr. med. Sommer auch.| Siehe Bd. IV dort."),
    ("nl", "Het is in de Kerkstr. 5.| Past dat?"),
    ("id", "Harganya Rp. 50000 sekarang.| Oke?"),
    ("zh", "号码是一三八。零零一三。|对吗？"),
    ("zh", "步骤：|1. 打开应用。|2. 付款。"),
    ("es", "Así:| 1. Abra la app.| 2. Pague."),
    ("ru", "Восемь. Девятьсот. Двадцать.| Верно?"),
    ("pl", "Osiemset. Trzysta. Dwa.| Zgadza się?"),
    ("da", "Tyve. Tretten. To.| Er det rigtigt?"),
    ("nb", "Tlf. 22 55 er vårt.| Ring."),
    ("tr", "Yakl. 40 kişi gelir.| İyi."),
    ("id", "Telp. 21 555 milik kami.| Baik."),
    ("fr", "Bonjour !| Comment allez-vous ?| M. Petit arrive à 15 h."),
    ("fr", "Elle a dit : « Entrez ! »| Puis elle est sortie."),
    ("es", "¡Hola!| ¿Cómo está la Sra. Ruiz?| Vive en EE. UU. desde enero."),
    ("es", "Son las 5 p. m. en Lima.| ¿Le viene bien?"),
    ("it", "Il dott. Bianchi e l'Ing. Verdi arrivano alle 9.30.| Va bene?"),
    ("pt", "A Dra. Lima atende na Av. Central, n.º 7.| Pode ser?"),
    ("nl", "Dhr. Bakker komt bijv. om 15.00 uur.| Schikt dat?"),
    ("pl", "To jest np. w czwartek.| Spotkajmy się 3. maja."),
    ("ru", "Заказ на 900 руб. отправлен.| А. П. Чехов жил в XIX в.| Хорошо?"),
    ("uk", "Це коштує 90 грн. на місяць.| Добре?"),
    ("tr", "Dr. Kaya saat 9.30'da gelecek.| Uygun mu?"),
    ("da", "Det koster 5 kr.| Den 3. maj kommer dr. Holm."),
    ("el", "Πώς είστε;| Ο κ. Νικολάου ήρθε."),
    ("hy", "Բարև։| Լավ եմ:| Իսկ դուք"),
    ("ar", "هل أنت بخير؟| نعم.| د. سمير هنا."),
    ("fa", "سلام.| خوبی؟| بله."),
    ("ur", "آرڈر آ گیا ہے۔| اور کچھ؟"),
    ("hi", "डॉ. वर्मा आए।| आप कैसे हैं?| ठीक।"),
    ("am", "ሰላም።| እንዴት ነህ፧| ደህና።"),
    ("my", "မင်္ဂလာပါ။| နေကောင်းလား။"),
    ("km", "សួស្តី។| សុខសប្បាយទេ?"),
    ("bo", "བཀྲ་ཤིས།| བདེ་ལེགས།"),
    ("th", "สวัสดีค่ะ วันนี้อากาศดี"),
    ("zh", "您好！|余额是3.5万元。|他说：“没问题。”|再见……|好。"),
    ("ja", "「はい。」と言った。|今日は3.5度です。|本当？！|はい。"),
    ("ko", "안녕하세요.| 네.| 3.5만 원입니다."),
    (None, "Он сказал т.е. да.| Dr. Lee came.| 好的。|Fine."),
]


@pytest.mark.parametrize("expected", ENGLISH)
def test_an_english_reply_is_cut_where_a_sentence_ends(expected: str) -> None:
    assert chunks(expected.replace("|", ""), "en") == expected.split("|")


@pytest.mark.parametrize(("language", "expected"), OTHERS)
def test_a_reply_in_another_language_is_cut_where_a_sentence_ends(
    language: str | None, expected: str
) -> None:
    assert chunks(expected.replace("|", ""), language) == expected.split("|")


@pytest.mark.parametrize(
    ("text", "early"),
    [
        ("The parcel is on the road.", ["The parcel is on the road."]),
        ("Shall I go on?", ["Shall I go on?"]),
        ("很好。", ["很好。"]),
        ("Please ask for Dr.", []),
        ("It costs 3.", []),
        ("He said (and I agree.", []),
        ("I use Yahoo!", []),
        ("Look at https://shop.example/a.html?", []),
        ("Sure. <slow>We are open today.", ["Sure."]),
        ("番号は零三。", []),
    ],
)
def test_an_eager_scanner_speaks_a_safe_end_at_once(text: str, early: list[str]) -> None:
    assert SentenceScanner("en", settings=EAGER).feed(text) == early


def test_a_strict_scanner_waits_for_proof() -> None:
    scanner = SentenceScanner("en", settings=WHOLE)
    assert scanner.feed("It is on its way.") == []
    assert scanner.feed(" ") == []
    assert scanner.feed("S") == ["It is on its way."]


def test_a_stop_of_its_own_script_is_proof_in_itself() -> None:
    assert SentenceScanner("zh", settings=WHOLE).feed("很好。") == ["很好。"]
    assert SentenceScanner("hi", settings=WHOLE).feed("ठीक है।") == ["ठीक है।"]


@pytest.mark.parametrize(
    "expected",
    [
        "Sure, I can help you with that,| and it will take a minute or two, or three at most.",
        "Yes, sir, and then we go on to the end.",  # no mark behind the floor
        "That makes 1,200 dollars in all,| plus tax.",
        "好的，我来帮您查一下，|请稍等。|好，知道了。",
        "Ask (now, not later, if you please) for it.",
        # A number that is read back is one clause.
        "The reference number is nine, eight, seven, forty-one,| is that right?",
        "The confirmation code is B, 7, C, 9, 4.| Is that right?",
        "Your number is four one five, five five five, oh one four two.| Is that right?",
        "The number is 415 – 555 – 0142.| Is that right?",
        "您的号码是一三八，零零一三，八零零零。|对吗？",
    ],
)
def test_only_the_first_chunk_of_a_reply_may_end_at_a_clause(expected: str) -> None:
    rules = SentenceSettings()
    assert chunks(expected.replace("|", ""), None, rules) == expected.split("|")


def test_a_first_chunk_without_a_mark_is_cut_between_words() -> None:
    first, *_ = chunks("word " * 60, "en", SentenceSettings())
    assert len(first) <= 90
    assert first.endswith("word")


def test_each_reply_has_a_first_chunk_of_its_own() -> None:
    scanner = SentenceScanner("en")
    reply = "I have looked at your order, and it is on its way."
    assert scanner.feed(reply) == ["I have looked at your order,"]
    scanner.flush()
    assert scanner.feed(reply) == ["I have looked at your order,"]


def test_a_long_sentence_is_cut_at_its_last_clause() -> None:
    text = "we go up the hill and down the hill, " * 8
    rules = SentenceSettings(first_clause=False, max_chars=120)
    found = chunks(text, "en", rules)
    assert all(len(chunk) <= 120 for chunk in found)
    assert all(chunk.rstrip().endswith(",") for chunk in found)


def test_a_long_sentence_is_not_cut_inside_a_number() -> None:
    rules = SentenceSettings(first_clause=False, max_chars=60)
    found = chunks(
        "the number that you should call is as follows now 555 010 9999 thanks", "en", rules
    )
    assert len(found) == 2
    assert any("555 010 9999" in chunk for chunk in found)


def test_a_short_sentence_waits_only_while_audio_is_queued() -> None:
    scanner = SentenceScanner("en", settings=WHOLE)
    scanner.audio_queued = True
    assert scanner.feed("Sure. It leaves at nine in the evening. And") == [
        "Sure. It leaves at nine in the evening."
    ]
    scanner.audio_queued = False
    assert scanner.feed(" so on. Yes. No. M") == [" And so on.", " Yes.", " No."]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1) Turn it off 2) Wait a bit", ["1) Turn it off 2) Wait a bit"]),
        ("a) Tea b) Milk c) Juice", ["a) Tea b) Milk c) Juice"]),
        (
            "1. Open the valve slowly 2. Wait 3. Close it",
            ["1. Open the valve slowly", " 2. Wait 3. Close it"],
        ),
    ],
)
@pytest.mark.timeout(10)
def test_items_of_a_list_too_short_to_be_spoken_alone_go_together_while_audio_is_queued(
    text: str, expected: list[str]
) -> None:
    scanner = SentenceScanner("en", settings=WHOLE)
    scanner.audio_queued = True
    found = [chunk for char in text for chunk in scanner.feed(char)] + scanner.flush()
    assert found == expected


def test_a_short_sentence_that_waits_is_released_on_demand() -> None:
    scanner = SentenceScanner("en", settings=WHOLE)
    scanner.audio_queued = True
    assert scanner.feed("Sure. And") == []
    assert scanner.flush_complete() == ["Sure."]
    assert scanner.pending == " And"


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("One moment please.", ["One moment please."]),
        ("He said “go.”", ["He said “go.”"]),
        ("It is 3.", []),
        ("Ask Dr.", []),
        ("One moment", []),
        ("See (that.", []),
        ("I live in the U.S.", []),
    ],
)
def test_a_pause_releases_what_looks_complete(text: str, spoken: list[str]) -> None:
    scanner = SentenceScanner("en", settings=WHOLE)
    assert scanner.feed(text) == []
    assert scanner.flush_complete() == spoken
    assert scanner.flush_complete() == []


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Sorry, did you mean which swim", ["Sorry, did you mean which"]),
        ("Call us at 555 010", ["Call us at"]),
        ("The total is $4.", ["The total is $4."]),
        ("Please ask for Dr. Lee", ["Please ask for"]),
        ("Hm", []),
    ],
)
def test_a_stall_releases_whole_words(text: str, spoken: list[str]) -> None:
    scanner = SentenceScanner("en", settings=WHOLE)
    assert scanner.feed(text) == []
    assert scanner.flush_clause() == spoken
    rest = text.removeprefix("".join(spoken))
    assert scanner.pending == rest


def test_the_language_can_change_in_the_middle() -> None:
    scanner = SentenceScanner("en", settings=WHOLE)
    assert scanner.feed("Am 3. Juli. ") == ["Am 3."]
    scanner.reset()
    scanner.set_language("de-AT")
    assert scanner.feed("Es ist am 3. Juli. Gut. S") == ["Es ist am 3. Juli.", " Gut."]


def test_a_reset_forgets_the_reply() -> None:
    scanner = SentenceScanner("en", settings=WHOLE)
    scanner.feed("He said (and it was")
    scanner.reset()
    assert scanner.feed("New. S") == ["New."]
    assert scanner.flush() == [" S"]


@pytest.mark.parametrize(
    "values",
    [
        {"mode": "fast"},
        {"max_chars": 10},
        {"first_clause_min_chars": 0},
        {"first_clause_min_chars": 95},
        {"min_chars": -1},
        {"idle_flush_secs": 0.0},
        {"idle_flush_secs": 0.5, "stall_flush_secs": 0.4},
    ],
)
def test_settings_that_cannot_work_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(values))):
        SentenceSettings(**values)  # type: ignore[arg-type]
