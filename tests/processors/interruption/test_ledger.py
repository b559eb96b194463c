import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.processors.interruption.ledger import PlaybackLedger


def heard(ledger: PlaybackLedger, ms: float) -> str:
    return " ".join(word.text for word in ledger.heard(ms))


def spoken(text: str, ms: float) -> PlaybackLedger:
    """A sentence whose service gives no word times."""
    ledger = PlaybackLedger()
    ledger.expect(1, text, source=None)
    ledger.receive(ms)
    ledger.close(1, text, source=None)
    return ledger


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (0, ""),
        (100, ""),
        (130, "aaaa"),
        (500, "aaaa bbbb"),
        (999, "aaaa bbbb cccc dddd"),
    ],
)
def test_words_without_times_are_heard_in_proportion_to_their_audio(ms: float, words: str) -> None:
    assert heard(spoken("aaaa bbbb cccc dddd", 1000), ms) == words


@pytest.mark.parametrize(
    "text",
    [
        "Look at [our shop](https://shop.example/tea?a=1&b=2).",
        "See https://www.shop.example now.",
        'Sure. <break time="500ms"/> <emotion value="happy"/> Done.',
    ],
)
def test_a_sentence_with_what_is_not_said_is_not_taken_for_one_that_broke_off(text: str) -> None:
    assert heard(spoken(text, 670), 670) == text


def test_the_target_of_a_link_takes_no_time_from_the_words_around_it() -> None:
    ledger = spoken("aaaa [bbb](https://shop.example/a/long/way) cccc dddd", 1000)
    assert heard(ledger, 500) == "aaaa [bbb](https://shop.example/a/long/way)"


def test_word_counts_as_heard_from_its_middle_on() -> None:
    ledger = PlaybackLedger()
    ledger.receive(2000)
    for at, word in [(0, "one"), (500, "two"), (1000, "three")]:
        ledger.word(1, word, at, source=None)
    assert heard(ledger, 249) == ""
    assert heard(ledger, 250) == "one"
    assert heard(ledger, 740) == ""
    assert heard(ledger, 760) == "two"
    assert heard(ledger, 760) == ""


def test_words_are_told_while_their_sentence_is_still_arriving() -> None:
    ledger = PlaybackLedger()
    ledger.expect(1, "One two three four five six seven eight.", source=None)
    ledger.receive(400)
    assert heard(ledger, 400).startswith("One")


def test_service_that_gives_times_is_waited_for() -> None:
    ledger = PlaybackLedger()
    ledger.receive(1000)
    ledger.word(1, "Hello.", 0, source=None)
    assert heard(ledger, 400) == "Hello."
    ledger.expect(2, "Good morning.", source=None)
    ledger.receive(1000)
    assert heard(ledger, 2000) == ""
    ledger.word(2, "Good", 1000, source=None)
    assert heard(ledger, 2000) == "Good"


def test_texts_that_come_before_their_audio_share_it() -> None:
    ledger = PlaybackLedger()
    for key, text in [(1, "One two."), (2, "Six ten.")]:
        ledger.expect(key, text, source=None)
        ledger.close(key, text, source=None)
    ledger.receive(2000)
    ledger.expect(3, "End.", source=None)
    assert heard(ledger, 0) == ""
    assert [word.text for word in ledger.settle(2000)] == ["One", "two.", "Six", "ten."]


def test_sentence_without_audio_is_never_heard() -> None:
    ledger = PlaybackLedger()
    ledger.expect(1, "Nobody hears this.", source=None)
    ledger.close(1, "Nobody hears this.", source=None)
    assert ledger.settle(0) == []


def test_script_without_spaces_is_heard_by_the_character() -> None:
    ledger = spoken("今日は晴れです", 700)
    assert "".join(word.text for word in ledger.heard(400)) == "今日は晴"
    assert all(word.joined for word in ledger.heard(700))


@pytest.mark.parametrize(
    ("position", "word", "clause"),
    [(100, 0, 0), (500, 500, 0), (700, 500, 0), (1000, 1000, 1000), (1700, 1500, 1000)],
)
def test_start_of_word_and_of_clause(position: float, word: float, clause: float) -> None:
    ledger = PlaybackLedger()
    ledger.receive(3000)
    for index, text in enumerate(["Well", "yes,", "we", "can.", "And", "So"]):
        ledger.word(1, text, index * 500, source=None)
    assert ledger.word_start(position) == word
    assert ledger.clause_start(position) == clause


@pytest.mark.parametrize(
    ("position", "asked"),
    [
        (500, False),
        (1000, True),
        (1500, True),
        (2500, True),
        (3500, True),
        (3501, False),
    ],
)
def test_question_counts_while_it_sounds_and_shortly_after(position: float, asked: bool) -> None:
    ledger = PlaybackLedger()
    for key, text in enumerate(["We have two.", "Which one?", "The blue one is bigger."]):
        ledger.expect(key, text, source=None)
        ledger.receive(1000 if key < 2 else 4000)
        ledger.close(key, text, source=None)
    assert ledger.asked(position, within_ms=1500) is asked


@given(
    texts=st.lists(st.text("ab ,.", min_size=1, max_size=30).filter(str.strip), max_size=5),
    steps=st.lists(st.floats(0, 900), max_size=30),
)
def test_every_word_is_heard_once_and_in_order(texts: list[str], steps: list[float]) -> None:
    ledger = PlaybackLedger()
    for key, text in enumerate(texts):
        ledger.expect(key, text, source=None)
        ledger.receive(1000)
        ledger.close(key, text, source=None)
    told = [word.text for at in sorted(steps) for word in ledger.heard(at)]
    told += [word.text for word in ledger.settle(1000 * len(texts))]
    assert told == " ".join(texts).split()


def test_a_word_lasts_until_the_next_begins() -> None:
    ledger = PlaybackLedger()
    ledger.word(1, "slow", 0, source=None)
    ledger.word(1, "down", 2000, source=None)
    first, _ = ledger.settle(3000)
    assert first.end_ms == 2000


def test_words_that_come_in_disorder_never_last_less_than_nothing() -> None:
    ledger = PlaybackLedger()
    ledger.word(1, "one", 500, source=None)
    ledger.word(1, "two", 300, source=None)
    assert [word.end_ms >= word.start_ms for word in ledger.settle(3000)] == [True, True]


def test_audio_is_measured_as_it_comes_and_as_it_goes() -> None:
    ledger = PlaybackLedger()
    ledger.receive(300)
    ledger.receive(200)
    ledger.far_end.send(100, now=1.0)
    assert (ledger.received_ms, ledger.sent_ms) == (500, 100)
    ledger.clear()
    assert (ledger.received_ms, ledger.sent_ms) == (0, 0)


def test_a_text_that_nobody_announced_begins_where_the_last_ended() -> None:
    ledger = spoken("aaaa", 1000)
    ledger.heard(1000)
    ledger.receive(1000)
    ledger.close(None, "bbbb", source="late")
    assert heard(ledger, 1400) == ""
    (word,) = ledger.heard(1600)
    assert (word.text, word.start_ms, word.end_ms, word.source) == ("bbbb", 1000, 2000, "late")


def test_a_text_that_nobody_announced_comes_after_words_with_times() -> None:
    ledger = PlaybackLedger()
    ledger.receive(1000)
    ledger.word(1, "aaaa", 500, source=None)
    end_ms = ledger.heard(1000)[0].end_ms
    ledger.close(None, "bbbb", source=None)
    (word,) = ledger.heard(1000)
    assert (word.start_ms, word.end_ms) == (end_ms, 1000)


def test_a_clause_that_ends_takes_its_pause_with_it() -> None:
    ledger = spoken("aaaa, bbbb", 1000)
    first, second = ledger.settle(1000)
    assert first.end_ms == second.start_ms > 500


def test_words_are_parted_by_a_space_unless_their_text_brings_its_own() -> None:
    ledger = PlaybackLedger()
    ledger.expect(1, "one two ", source=None)
    assert ledger.text() == "one two "
    ledger.receive(1000)
    assert [(word.text, word.joined) for word in ledger.heard(1000)] == [
        ("one", False),
        ("two", False),
    ]
    ledger.word(2, "three", 1000, source=None)
    ledger.word(2, " four", 1500, source=None, joined=True)
    assert [(word.text, word.joined) for word in ledger.settle(3000)] == [
        ("three", False),
        (" four", True),
    ]


def test_text_with_its_own_spaces_keeps_them() -> None:
    ledger = PlaybackLedger()
    ledger.expect(1, "one two ", source=None, joined=True)
    ledger.receive(1000)
    ledger.close(1, "one two ", source=None, joined=True)
    words = ledger.settle(1000)
    assert "".join(word.text for word in words) == "one two "
    assert all(word.joined for word in words)


def test_only_sentences_that_began_before_a_position_are_settled() -> None:
    ledger = PlaybackLedger()
    for key, text in enumerate(["aaaa", "bbbb"]):
        ledger.expect(key, text, source=None)
        ledger.receive(1000)
        ledger.close(key, text, source=None)
    assert [word.text for word in ledger.settle(1000)] == ["aaaa"]
    assert ledger.text() == "aaaa bbbb"
    assert [word.text for word in ledger.settle(1500)] == ["bbbb"]
    assert ledger.text() == "bbbb"
    ledger.settle(5000)
    assert ledger.text() == "bbbb"


@pytest.mark.parametrize(
    ("said", "asked"),
    [("Which one?", True), ("どれ？", True), ('"Which?"', True), ("This.", False)],
)
def test_a_question_is_known_by_its_mark(said: str, asked: bool) -> None:
    ledger = PlaybackLedger()
    ledger.word(1, said, 0, source=None)
    assert ledger.asked(100, within_ms=1000) is asked
    assert PlaybackLedger().asked(100, within_ms=1000) is False


def test_a_long_last_word_that_is_soon_said_is_heard() -> None:
    ledger = PlaybackLedger()
    ledger.expect(1, "or dana@harbour.example.", source=None)
    ledger.receive(700)
    ledger.word(1, "or", 0, source=None)
    ledger.word(1, "dana@harbour.example.", 300, source=None)
    assert [word.text for word in ledger.settle(700)] == ["or", "dana@harbour.example."]


@pytest.mark.parametrize("timed", [True, False])
@pytest.mark.parametrize(
    ("position", "asked"),
    [(100, False), (700, False), (1000, True), (1900, True), (2300, True), (3600, False)],
)
def test_in_a_text_of_several_sentences_only_the_question_asks(
    position: float, *, asked: bool, timed: bool
) -> None:
    text = "Here is the shop. Can I help you? We are open until nine today, as ever."
    ledger = PlaybackLedger()
    ledger.expect(1, text, source=None)
    ledger.receive(4000)
    if timed:
        for place, word in enumerate(text.split()):
            ledger.word(1, word, place * 220, source=None)
    else:
        ledger.close(1, text, source=None)
    assert ledger.asked(position, within_ms=1000) is asked


def test_a_title_does_not_end_a_question() -> None:
    ledger = PlaybackLedger()
    ledger.expect(1, "Would you like to see Dr. Smith?", source=None)
    ledger.receive(2000)
    assert ledger.asked(100, within_ms=1000)


def told(ledger: PlaybackLedger, position_ms: float) -> str:
    return " ".join(w.text for w in [*ledger.heard(position_ms), *ledger.settle(position_ms)])


def with_times(*, unsaid: str) -> PlaybackLedger:
    """Between two sentences a third, of which the service says no word; Pipecat tells it whole."""
    ledger = PlaybackLedger()
    ledger.expect(1, "We are open.", source=None)
    for index, word in enumerate(["We", "are", "open."]):
        ledger.word(1, word, 300 * index, source=None)
    ledger.receive(900)
    ledger.expect(2, unsaid, source=None)
    return ledger


@pytest.mark.parametrize("unsaid", ["Come in, please.", "Hello."])
def test_a_sentence_that_the_next_one_leaves_no_time_for_was_not_said(unsaid: str) -> None:
    ledger = with_times(unsaid=unsaid)
    ledger.expect(3, "And sit down.", source=None)
    ledger.word(2, unsaid, 900, source=None)
    for index, word in enumerate(["And", "sit", "down."]):
        ledger.word(3, word, 900 + 300 * index, source=None)
    ledger.receive(900)
    assert told(ledger, 1800) == "We are open. And sit down."


@pytest.mark.parametrize("unsaid", ["Come in, please.", "Hello."])
def test_a_sentence_that_is_told_at_the_end_and_has_no_sound_was_not_said(unsaid: str) -> None:
    ledger = with_times(unsaid=unsaid)
    ledger.break_off(lambda _: False)
    ledger.receive(4000)  # an apology
    ledger.word(2, unsaid, 600, source=None)
    assert told(ledger, 4900) == "We are open."


def test_a_sentence_whose_sound_comes_behind_anothers_was_said() -> None:
    ledger = PlaybackLedger()
    ledger.expect(1, "One moment.", source="filler")
    ledger.receive(600)
    ledger.close(1, "One moment.", source="filler")
    ledger.expect(2, "We are open.", source="answer")
    ledger.break_off(lambda source: source == "answer")
    ledger.receive(900)
    ledger.close(2, "We are open.", source="answer")
    assert told(ledger, 1500) == "One moment. We are open."


def test_a_sentence_that_is_told_whole_and_has_its_sound_was_said() -> None:
    ledger = with_times(unsaid="Come in, please.")
    ledger.receive(1200)
    ledger.word(2, "Come in, please.", 900, source=None)
    assert told(ledger, 2100) == "We are open. Come in, please."


def test_words_with_times_beyond_which_another_is_heard_were_not_said() -> None:
    ledger = with_times(unsaid="")
    for index, word in enumerate(["Come", "in,", "please."]):
        ledger.word(2, word, 900 + 300 * index, source=None)
    ledger.receive(400)
    ledger.break_off(lambda _: False)
    ledger.receive(4000)
    assert told(ledger, 5000) == "We are open. Come in,"


def test_a_service_that_tells_what_it_has_said_has_not_said_what_has_no_sound() -> None:
    ledger = PlaybackLedger()
    for key, text, ms in ((1, "We are open.", 900), (2, "Come in.", 0), (3, "Sit down.", 800)):
        ledger.expect(key, text, source=None)
        ledger.receive(ms)
        ledger.close(key, text, source=None)
    assert told(ledger, 1700) == "We are open. Sit down."


def test_words_that_were_expected_of_a_voice_that_then_says_nothing_are_not_heard() -> None:
    ledger, words = PlaybackLedger(), []
    for key, text, ms in ((1, "We are open.", 900), (2, "Come in.", 0), (3, "Sit down.", 800)):
        ledger.expect(key, text, source=None)
        words += ledger.heard(900)
        ledger.receive(ms)
        ledger.close(key, text, source=None)
    words += ledger.heard(1700)
    assert " ".join(word.text for word in words) == "We are open. Sit down."


@pytest.mark.parametrize(("ms", "said"), [(400, "Goodbye."), (1000, "Come in, please.")])
def test_of_sentences_told_whole_at_the_end_that_was_said_which_is_as_long_as_the_sound(
    ms: float, said: str
) -> None:
    ledger, known = PlaybackLedger(), "We are open until nine every day of the whole long week now."
    ledger.expect(1, known, source=None)
    for index, word in enumerate(known.split()):
        ledger.word(1, word, 325 * index, source=None)
    ledger.receive(4225)
    unsaid = {2: "Come in, please.", 3: "Have a seat by the window for now.", 4: "Goodbye."}
    for key, text in unsaid.items():
        ledger.expect(key, text, source=None)
    ledger.receive(ms)
    for key, text in unsaid.items():
        ledger.word(key, text, 3900, source=None)
    assert told(ledger, 4225 + ms) == f"{known} {said}"


@pytest.mark.parametrize(("ms", "words"), [(0, ""), (600, "aaaa bbbb")])
def test_what_the_voice_did_not_say_is_not_heard_in_the_recording_behind_it(
    ms: float, words: str
) -> None:
    ledger = PlaybackLedger()
    ledger.expect(1, "aaaa bbbb cccc dddd", source=None)
    ledger.receive(ms)
    ledger.break_off(lambda _: False)
    ledger.receive(4000)
    told = [word.text for at in (300, 600, 4600) for word in ledger.heard(at)]
    assert " ".join(told) == words
    assert ledger.settle(4600) == []


def test_a_sentence_behind_one_that_broke_off_is_heard() -> None:
    ledger = PlaybackLedger()
    ledger.expect(1, "aaaa bbbb", source=None)
    ledger.break_off(lambda _: False)
    ledger.receive(4000)
    ledger.expect(2, "cccc dddd", source=None)
    ledger.receive(1000)
    assert heard(ledger, 5000) == "cccc dddd"


def test_a_sentence_whose_voice_ends_far_too_soon_is_heard_as_far_as_it_sounded() -> None:
    ledger = PlaybackLedger()
    ledger.expect(1, "aaaa bbbb cccc dddd eeee ffff gggg hhhh", source=None)
    ledger.receive(500)
    assert [word.text for word in ledger.settle(500)] == ["aaaa", "bbbb"]


def test_a_word_whose_time_comes_after_all_sound_was_not_said() -> None:
    ledger = PlaybackLedger()
    ledger.receive(480)
    for at, word in [(0, "one"), (250, "two"), (530, "three")]:
        ledger.word(1, word, at, source=None)
    assert [word.text for word in ledger.settle(480)] == ["one", "two"]


def test_once_its_pace_is_known_a_voice_that_says_half_a_sentence_has_not_said_all() -> None:
    ledger = PlaybackLedger()
    for key in range(5):
        ledger.expect(key, "aaaa bbbb cccc dddd", source=None)
        ledger.receive(1300 if key < 4 else 500)
        ledger.close(key, "aaaa bbbb cccc dddd", source=None)
    assert heard(ledger, 5700).split()[16:] == ["aaaa", "bbbb"]


def test_a_sentence_that_the_voice_skipped_has_no_part_in_the_sound_of_the_next() -> None:
    ledger = spoken("aaaa bbbb", 600)
    ledger.heard(600)
    for key, text in [(2, "cccc dddd"), (3, "eeee ffff")]:
        ledger.expect(key, text, source=None)
    ledger.receive(600)
    ledger.close(3, "eeee ffff", source=None)
    assert heard(ledger, 1200) == "eeee ffff"


def test_of_a_voice_whose_pace_is_known_a_sentence_half_said_is_half_heard() -> None:
    ledger, known = PlaybackLedger(), "We are open until nine every day of the whole long week now."
    for key, text, ms in ((1, known, 3540), (2, "Come here, sit down,", 520)):
        ledger.expect(key, text, source=None)
        ledger.receive(ms)
        ledger.close(key, text, source=None)
    assert told(ledger, 4060) == f"{known} Come here,"


@pytest.mark.parametrize("timed", [True, False])
@pytest.mark.parametrize("ms", [0, 700])
def test_what_goes_on_behind_a_recording_in_its_midst_is_heard(ms: int, *, timed: bool) -> None:
    text = "We are open until nine."
    ledger, words = PlaybackLedger(), []
    ledger.expect(1, text, source="answer")
    if timed:
        for index, word in enumerate(text.split()):
            ledger.word(1, word, 300 * index, source="answer")
    ledger.receive(ms)
    ledger.break_off(lambda source: source == "recording")
    ledger.receive(4000)
    for at in (ms, ms + 2000):
        words += ledger.heard(at)
    before = len(words)
    ledger.break_off(lambda source: source == "answer")
    ledger.receive(1500 - ms)
    words += ledger.settle(ms + 4000, unfinished=lambda source: source == "answer")
    assert len(words) == before
    if not timed:
        ledger.close(1, text, source="answer")
    for at in range(ms + 4000, 5600, 100):
        words += ledger.heard(at)
    assert " ".join(word.text for word in words) == text
    assert bool(before) is bool(ms)
