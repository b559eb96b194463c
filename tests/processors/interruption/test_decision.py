import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.processors.interruption import DecisionSettings
from antiphon.processors.interruption.decision import AgentState, InterruptionDecider, Utterance
from antiphon.processors.interruption.lexicon import languages


def final(words: str, *, language: str = "en", **known: object) -> str:
    """What is decided about a complete utterance over a speaking agent."""
    utterance = Utterance(words=words, language=language, is_final=True, **known)  # type: ignore[arg-type]
    return InterruptionDecider().decide(utterance).action


def early(words: str, **known: object) -> str:
    utterance = Utterance(words=words, speech_secs=0.9, **known)  # type: ignore[arg-type]
    return InterruptionDecider().decide(utterance).action


@pytest.mark.parametrize(
    ("language", "words", "action"),
    [
        ("en", "uh-huh", "ignore"),
        ("en", "Yeah, right.", "ignore"),
        ("en", "Oh, that's really interesting.", "ignore"),
        ("en", "um", "ignore"),
        ("en", "stop", "interrupt"),
        ("en", "no", "interrupt"),
        ("en", "No, I meant Tuesday.", "interrupt"),
        ("en", "yeah but I already paid", "interrupt"),
        ("en", "sorry, what?", "interrupt"),
        ("en", "how much is that", "interrupt"),
        ("es", "ajá", "ignore"),
        ("es", "sí, claro", "ignore"),
        ("es", "espera", "interrupt"),
        ("es", "no, quería decir el martes", "interrupt"),
        ("es", "¿cuánto cuesta?", "interrupt"),
        ("fr", "d'accord", "ignore"),
        ("fr", "oui oui, je vois", "ignore"),
        ("fr", "attendez", "interrupt"),
        ("fr", "non, pas mardi", "interrupt"),
        ("fr", "c'est combien ?", "interrupt"),
        ("de", "mhm", "ignore"),
        ("de", "ja, genau", "ignore"),
        ("de", "Moment mal", "interrupt"),
        ("de", "nein, ich meinte Dienstag", "interrupt"),
        ("de", "Was kostet das?", "interrupt"),
        ("it", "va bene", "ignore"),
        ("it", "sì, capisco", "ignore"),
        ("it", "aspetti un attimo", "interrupt"),
        ("it", "no, non martedì", "interrupt"),
        ("it", "quanto costa?", "interrupt"),
        ("pt", "uhum", "ignore"),
        ("pt-BR", "tá bom, entendi", "ignore"),
        ("pt", "espera aí", "interrupt"),
        ("pt", "não, eu quis dizer terça", "interrupt"),
        ("pt", "quanto custa?", "interrupt"),
        ("hi", "हाँ जी", "ignore"),
        ("hi", "अच्छा ठीक है", "ignore"),
        ("hi", "रुकिए", "interrupt"),
        ("hi", "नहीं, मंगलवार को", "interrupt"),
        ("hi", "कितना लगेगा?", "interrupt"),
        ("ja", "はい、なるほど", "ignore"),
        ("ja", "そうなんですね", "ignore"),
        ("ja", "ちょっと待ってください", "interrupt"),
        ("ja", "いいえ、火曜日です", "interrupt"),
        ("ja", "いくらですか?", "interrupt"),
        ("zh", "嗯嗯,好的", "ignore"),
        ("zh", "对对对", "ignore"),
        ("zh", "等一下", "interrupt"),
        ("zh", "不是,我说的是星期二", "interrupt"),
        ("zh", "多少钱?", "interrupt"),
    ],
)
def test_caller_is_understood_in_every_language(language: str, words: str, action: str) -> None:
    assert final(words, language=language) == action


@pytest.mark.parametrize("words", ["stop", "wait", "okay stop", "uh, hold on", "excuse me"])
def test_command_interrupts_before_it_is_final(words: str) -> None:
    assert early(words) == "interrupt"


@pytest.mark.parametrize("words", ["yeah", "well", "how", "what a", "oh my", "I"])
def test_what_may_yet_become_a_comment_is_waited_for(words: str) -> None:
    assert early(words) == "hold"


def test_interruption_is_clear_before_it_is_over() -> None:
    assert early("can you tell me how much that would") == "interrupt"


@pytest.mark.parametrize("words", ["yes", "mm-hmm", "Tuesday", "okay"])
def test_anything_after_a_question_is_an_answer(words: str) -> None:
    assert early(words, agent_asked=True) == "interrupt"


def test_hesitation_after_a_question_may_take_its_time() -> None:
    assert early("um", agent_asked=True) == "hold"
    assert final("um", agent_asked=True) == "interrupt"


@pytest.mark.parametrize(
    ("known", "action"),
    [
        ({"speech_secs": 0.2}, "wait"),
        ({"speech_secs": 0.3, "silence_secs": 0.3}, "wait"),
        ({"speech_secs": 0.3, "silence_secs": 0.9}, "ignore"),
        ({"speech_secs": 0.3, "silence_secs": 0.9, "agent_asked": True}, "interrupt"),
        ({"speech_secs": 2.1}, "hold"),
        ({"speech_secs": 2.1, "silence_secs": 0.9}, "ignore"),
        ({"speech_secs": 0.3, "is_final": True}, "ignore"),
    ],
)
def test_voice_without_words(known: dict[str, float], action: str) -> None:
    assert InterruptionDecider().decide(Utterance(**known)).action == action  # type: ignore[arg-type]


def test_any_word_takes_a_free_floor() -> None:
    assert final("okay", agent_state=AgentState.SILENT) == "interrupt"


def test_acknowledgement_while_a_tool_runs_is_no_turn() -> None:
    assert final("okay", agent_state=AgentState.TOOL) == "ignore"


def test_interruption_binds_until_reset() -> None:
    decider = InterruptionDecider()
    assert decider.decide(Utterance(words="yeah")).action == "wait"
    assert decider.decide(Utterance(words="wait")).action == "interrupt"
    assert decider.decide(Utterance(words="uh-huh", is_final=True)).action == "interrupt"
    decider.reset()
    assert decider.decide(Utterance(words="uh-huh", is_final=True)).action == "ignore"


def test_cost_of_a_false_interruption_makes_the_agent_harder_to_interrupt() -> None:
    said = Utterance(words="the second one", is_final=True)
    actions = [
        InterruptionDecider(settings=DecisionSettings(false_interruption_cost=cost)).decide(said)
        for cost in (0.01, 1000)
    ]
    assert [decision.action for decision in actions] == ["interrupt", "ignore"]


@pytest.mark.parametrize("words", ["uh-huh", "stop", "no I meant the red one", "that's nice"])
def test_words_may_come_as_text_or_as_a_sequence(words: str) -> None:
    as_text = Utterance(words=words, is_final=True)
    as_list = Utterance(words=words.split(), is_final=True)
    assert InterruptionDecider().decide(as_text) == InterruptionDecider().decide(as_list)


@pytest.mark.parametrize(
    ("words", "action"), [("uh-huh", "ignore"), ("stop", "interrupt"), ("where is it", "interrupt")]
)
def test_lists_alone_decide_without_the_model(words: str, action: str) -> None:
    decider = InterruptionDecider(settings=DecisionSettings(text_model=False))
    assert decider.decide(Utterance(words=words, is_final=True)).action == action


def test_language_without_lists_is_refused_in_settings_and_survived_in_a_call() -> None:
    with pytest.raises(ValueError, match="'tlh'"):
        DecisionSettings(language="tlh")
    assert final("stop", language="tlh") == "interrupt"


@pytest.mark.parametrize(
    "name", ["false_interruption_cost", "noise_after_secs", "hold_after_secs", "long_speech_secs"]
)
def test_settings_must_be_positive(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is 0"):
        DecisionSettings(**{name: 0})  # type: ignore[arg-type]


@given(
    words=st.text(max_size=60), asked=st.booleans(), language=st.sampled_from(["en", "ja", "hi"])
)
def test_final_utterance_is_never_left_undecided(words: str, asked: bool, language: str) -> None:
    decision = InterruptionDecider().decide(
        Utterance(words=words, agent_asked=asked, is_final=True, language=language)
    )
    assert decision.action in ("ignore", "interrupt")


@pytest.mark.parametrize(
    ("known", "action", "reason"),
    [
        ({"speech_secs": 0.299}, "wait", "no words yet"),
        ({"speech_secs": 0.3}, "hold", "no words yet"),
        ({"speech_secs": 0.3, "sounding": False}, "wait", "no words yet"),
        ({"speech_secs": 9.0, "silence_secs": 0.1}, "wait", "no words yet"),
        ({"speech_secs": 0.999, "transcribed": False}, "hold", "no words yet"),
        ({"speech_secs": 1.0, "transcribed": False}, "interrupt", "long speech"),
        ({"silence_secs": 0.799}, "wait", "no words yet"),
        ({"silence_secs": 0.8}, "ignore", "noise"),
        ({"silence_secs": 0.8, "agent_asked": True}, "interrupt", "answer in progress"),
        ({"words": "mm", "agent_state": AgentState.SILENT}, "interrupt", "the floor is free"),
        ({"words": "Tuesday", "agent_asked": True}, "interrupt", "answer"),
        ({"words": "um", "agent_asked": True}, "wait", "answer in progress"),
        ({"words": "stop"}, "interrupt", "command"),
        ({"words": "yeah", "is_final": True}, "ignore", "backchannel"),
        ({"words": "yeah"}, "wait", "undecided"),
        ({"words": "yeah", "speech_secs": 0.6}, "hold", "undecided"),
        ({"words": "no"}, "hold", "undecided"),
    ],
)
def test_each_decision_tells_which_rule_made_it(
    known: dict[str, object], action: str, reason: str
) -> None:
    decision = InterruptionDecider().decide(Utterance(**known))  # type: ignore[arg-type]
    assert (decision.action, decision.reason) == (action, reason)


@pytest.mark.parametrize(
    ("words", "action"),
    [
        ("okay", "ignore"),
        ("okay great", "ignore"),
        ("no", "interrupt"),
        ("what about my order number", "interrupt"),
        ("my order number from last week", "interrupt"),
        ("order", "ignore"),
        ("really?", "ignore"),
        ("order?", "interrupt"),
    ],
)
def test_without_the_model_the_lists_decide(words: str, action: str) -> None:
    decider = InterruptionDecider(settings=DecisionSettings(text_model=False))
    assert decider.decide(Utterance(words=words, is_final=True)).action == action


@pytest.mark.parametrize(
    ("language", "words", "weighed"), [("en", "blue car", True), ("de", "blaues Auto", False)]
)
def test_the_model_weighs_words_of_its_languages_and_the_lists_those_of_others(
    language: str, words: str, weighed: bool
) -> None:
    said = Utterance(words=words, is_final=True, language=language)
    by_lists = InterruptionDecider(settings=DecisionSettings(text_model=False)).decide(said)
    assert by_lists.probability == 0.7
    assert (InterruptionDecider().decide(said).probability != 0.7) is weighed


@pytest.mark.parametrize(
    ("words", "probability"),
    [
        ("okay", 0.05),
        ("great", 0.05),
        ("great order", 0.5),
        ("great order number", 0.7),
        ("order number from last week please", 0.95),
    ],
)
def test_lists_weigh_a_comment_by_what_follows_it(words: str, probability: float) -> None:
    decider = InterruptionDecider(settings=DecisionSettings(text_model=False))
    decision = decider.decide(Utterance(words=words, is_final=True))
    assert decision.probability == pytest.approx(probability)


def test_where_talking_on_costs_as_much_as_stopping_the_agent_stops() -> None:
    settings = DecisionSettings(text_model=False, false_interruption_cost=9)
    decision = InterruptionDecider(settings=settings).decide(
        Utterance(words="where is it", is_final=True)
    )
    assert (decision.action, decision.probability) == ("interrupt", 9 / (9 + 1))


def test_a_language_that_nobody_knows_is_read_by_that_of_the_settings() -> None:
    decider = InterruptionDecider(settings=DecisionSettings(language="de"))
    assert decider.decide(Utterance(words="Moment mal", language="xx-YY")).action == "interrupt"


@pytest.mark.parametrize(
    ("words", "action"),
    [
        ("not now", "interrupt"),
        ("mm no", "interrupt"),
        ("you are wrong", "interrupt"),
        ("Not that one.", "interrupt"),
        ("no no go on", "ignore"),
        ("sorry, go ahead", "ignore"),
        ("sorry, please go on", "ignore"),
        ("No, sorry, carry on please.", "ignore"),
        ("no problem", "ignore"),
        ("stop, do not go on", "interrupt"),
        ("can you go on", "interrupt"),
    ],
)
def test_refusals_interrupt_and_who_hands_the_turn_back_does_not(words: str, action: str) -> None:
    assert final(words) == action


@pytest.mark.parametrize(
    ("words", "action"),
    [
        ("right, round the old mill", "ignore"),
        ("okay the mill", "ignore"),
        ("right, round the old mill?", "interrupt"),
        ("right, round the blue lake", "interrupt"),
        ("no, round the old mill", "interrupt"),
    ],
)
def test_who_follows_instructions_may_repeat_them(words: str, action: str) -> None:
    said = Utterance(
        words=words, is_final=True, agent_text="Now walk round the old mill, and stop."
    )
    assert InterruptionDecider().decide(said).action == action


@pytest.mark.parametrize("tag", ["de_DE", "DE-at", "deu", "german"])
def test_a_language_is_known_by_whatever_name_a_service_has_for_it(tag: str) -> None:
    said = Utterance(words="Moment mal", language=tag, is_final=True)
    assert InterruptionDecider().decide(said).action == "interrupt"
    assert InterruptionDecider().decide(said) == InterruptionDecider().decide(
        Utterance(words="Moment mal", language="de", is_final=True)
    )


with (Path(__file__).parent / "phrases.toml").open("rb") as _file:
    PHRASES = tomllib.load(_file)


@pytest.mark.parametrize("language", languages())
def test_in_nine_languages_a_listener_is_no_interruption(language: str) -> None:
    said = PHRASES[language]["listening"]

    assert [phrase for phrase in said if final(phrase, language=language) != "ignore"] == []
    decider = InterruptionDecider()
    begun = [decider.decide(Utterance(words=phrase, language=language)) for phrase in said]
    assert all(decision.action in ("wait", "hold") for decision in begun)


@pytest.mark.parametrize("language", languages())
def test_in_nine_languages_who_wants_the_turn_gets_it(language: str) -> None:
    said = PHRASES[language]["turn"]

    assert [phrase for phrase in said if final(phrase, language=language) != "interrupt"] == []
    assert len(set(said) | set(PHRASES[language]["listening"])) == 60


@pytest.mark.parametrize("language", ["es-MX", "es_MX", "es"])
def test_a_region_changes_nothing_about_the_language(language: str) -> None:
    assert final("claro que sí", language=language) == "ignore"
    assert final("espérese", language=language) == "interrupt"


def test_words_are_known_without_their_accents_and_with_accents_apart() -> None:
    assert final("si, esta bien", language="es") == "ignore"
    assert final("arretez", language="fr") == "interrupt"
    assert final("hoer auf", language="de") == final("hor auf", language="de") == "interrupt"
    assert final("arre\u0302tez", language="fr") == "interrupt"


DIRECTIONS = (
    "So from the camera shop you head north past the old quarry, and then you come round the "
    "bottom of the banana tree until you are underneath the rapids."
)


@pytest.mark.parametrize(
    "words",
    [
        "no no carry on",
        "no no that's fine",
        "oh no you go on",
        "sorry you were saying",
        "not a problem",
        "no of course",
        "no no yeah",
        "uh-huh right okay so",
        "okay i've done that",
        "right i'm there now",
        "past the old quarry",
        "uh past the old quarry",
        "round the bottom okay",
        "underneath the rapids yeah right",
        "i've got the old quarry",
        "okay i'm underneath the rapids",
        "yeah i see the banana tree",
        "right heading north",
        "right so i'm heading north",
        "round the tree",
        "past it",
        "the old quarry",
        "okay so underneath",
    ],
)
def test_who_follows_along_interrupts_at_no_word_of_it(words: str) -> None:
    decider = InterruptionDecider()
    said = words.split()
    heard = [Utterance(words=said[:n], agent_text=DIRECTIONS) for n in range(1, len(said) + 1)]
    whole = Utterance(words=words, is_final=True, agent_text=DIRECTIONS)
    actions = [decider.decide(each).action for each in [*heard, whole]]
    assert "interrupt" not in actions
    assert actions[-1] == "ignore"


def test_who_follows_along_repeats_what_has_sounded_however_much_is_to_come() -> None:
    to_come = "Past it there is a gate. " * 20
    said = Utterance(
        words="okay i'm at the old quarry",
        is_final=True,
        agent_text=to_come,
        own_words=[("the", -0.9), ("old", -0.6), ("quarry", -0.3)],
    )
    assert InterruptionDecider().decide(said).action == "ignore"


@pytest.mark.parametrize(
    "words",
    [
        "the old quarry or the camera shop",
        "right but i have no quarry",
        "the camera shop",
        "which side of the quarry",
        "but why",
        "not quite",
        "no the other tree",
        "i've got the old quarry but no tree",
        "i've not got an old quarry",
        "i've got a swamp there",
        "the old quarry?",
        "stop underneath the rapids",
    ],
)
def test_who_asks_chooses_or_objects_interrupts(words: str) -> None:
    said = Utterance(words=words, is_final=True, agent_text=DIRECTIONS)
    assert InterruptionDecider().decide(said).action == "interrupt"
