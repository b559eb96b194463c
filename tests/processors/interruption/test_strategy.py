import asyncio
from itertools import pairwise

import pytest
from pipecat.frames.frames import (
    BotStoppedSpeakingFrame,
    Frame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
)
from pipecat.turns.types import ProcessFrameResult

from antiphon.core.turns import TurnSnapshot
from antiphon.processors.interruption import Decision, InterruptionSettings
from antiphon.processors.interruption.decision import Action, AgentState, Utterance

from .calls import Call, began, call, ended, final, interim, now, reply

pytestmark = pytest.mark.virtual_time(start=0)

STORY = [("One two three four five.", 1500), ("Six seven eight nine ten.", 1500)]


async def speaking(call: Call, *, secs: float = 1.0) -> None:
    """Let the agent tell its story, and speak for a while."""
    await call.say(reply(STORY))
    await asyncio.sleep(secs)


async def test_backchannel_over_the_agent_keeps_it_talking_and_out_of_the_context() -> None:
    async with call() as c:
        await speaking(c)
        await c.caller(began(), interim("uh-huh"), ended(), final("Uh-huh."), every=0.1)
        await asyncio.sleep(4)
    assert c.said("user") == []
    assert c.said("assistant") == ["One two three four five. Six seven eight nine ten."]
    assert c.backchannels == ["Uh-huh."]
    assert c.turns == []


async def test_command_over_the_agent_silences_it_within_a_chunk() -> None:
    async with call() as c:
        await speaking(c)
        await c.caller(began(), every=0.2)
        at = now()
        await c.caller(interim("stop"), ended(), final("Stop."), every=0.1)
        await asyncio.sleep(3)
    assert c.silent_from(at) <= 0.041
    assert c.said("user") == ["Stop."]
    assert len(c.turns) == 1


async def test_command_that_is_known_with_the_voice_silences_the_agent_as_fast() -> None:
    async with call() as c:
        await speaking(c)
        at = now()
        await c.caller(began(), interim("stop"), ended(), final("Stop."))
        await asyncio.sleep(2)
    assert c.silent_from(at) <= 0.041


@pytest.mark.parametrize("every", [0.0, 0.001, 0.06, 0.4])
@pytest.mark.parametrize(
    ("frames", "said"),
    [
        ([interim("stop"), final("Stop.")], "Stop."),
        ([final("No."), final("I meant Tuesday.")], "No. I meant Tuesday."),
        ([interim("no"), final("No."), final("I meant Tuesday.")], "No. I meant Tuesday."),
        ([final("Can you"), interim("tell"), final("tell me more?")], "Can you tell me more?"),
        ([final("Wait."), final("Please."), final("Stop.")], "Wait. Please. Stop."),
    ],
)
async def test_no_word_of_an_interruption_is_lost(
    frames: list[object], said: str, every: float
) -> None:
    async with call() as c:
        await speaking(c)
        await c.caller(began(), *frames, ended(), every=every)  # type: ignore[arg-type]
        await asyncio.sleep(4)
    assert " ".join(c.said("user")) == said
    assert len(c.turns) == 1


async def test_backchannel_that_arrives_after_the_agent_stopped_starts_no_turn() -> None:
    async with call() as c:
        await speaking(c, secs=2.7)
        await c.caller(began(), every=0.2)
        await c.caller(ended(), every=0.25)
        await c.caller(final("Uh-huh."))
        await asyncio.sleep(2)
    assert c.turns == []
    assert c.backchannels == ["Uh-huh."]


async def test_words_after_the_agent_stopped_are_a_turn() -> None:
    async with call() as c:
        await speaking(c, secs=4)
        await c.caller(began(), every=0.3)
        await c.caller(ended(), final("Okay."))
        await asyncio.sleep(2)
    assert c.said("user") == ["Okay."]


async def test_voice_without_words_ducks_and_expires_as_noise() -> None:
    async with call() as c:
        await speaking(c, secs=0.5)
        await c.caller(began(), every=0.3)
        await c.caller(ended())
        await asyncio.sleep(4)
    loud = dict(c.loudness())
    assert min(loud.values()) == pytest.approx(0.25, abs=0.01)
    assert list(loud.values())[-1] == 1.0
    assert c.turns == []
    assert c.said("assistant") == ["One two three four five. Six seven eight nine ten."]


async def test_voice_without_words_after_a_question_is_an_answer_in_progress() -> None:
    async with call() as c:
        await c.say(reply([("Do you want the blue one or the red one now?", 2500)]))
        await asyncio.sleep(2)
        await c.caller(began(), every=0.3)
        await c.caller(ended())
        await asyncio.sleep(1.5)
        assert len(c.turns) == 1


async def test_yes_after_a_question_is_an_answer() -> None:
    async with call() as c:
        await c.say(reply([("Do you want the blue one or the red one now?", 2500)]))
        await asyncio.sleep(2)
        await c.caller(began(), ended(), final("Yes."), every=0.1)
        await asyncio.sleep(2)
    assert c.said("user") == ["Yes."]


async def test_a_voice_without_a_word_silences_the_agent_for_less_than_a_second() -> None:
    async with call() as c:
        await speaking(c, secs=0.2)
        at = now()
        await c.caller(began(), every=2.5)
        await c.caller(ended(), every=4)
    audible = [at for at, loud in c.loudness() if loud]
    [silence] = [(a, b - a) for a, b in pairwise(audible) if b - a > 0.1]
    assert silence[0] - at <= 0.25
    assert silence[1] == pytest.approx(0.85, abs=0.15)
    assert c.turns == []
    assert c.said("assistant") == ["One two three four five. Six seven eight nine ten."]


async def test_disclosure_is_said_to_its_end_and_the_words_over_it_become_a_turn() -> None:
    async with call() as c:
        c.strategy.interruptible = False
        await speaking(c)
        await c.caller(began(), ended(), final("I want to cancel my order."), every=0.1)
        await asyncio.sleep(3)
        assert c.turns == []
        assert {loud for _, loud in c.loudness()} == {1.0}
        c.strategy.interruptible = True
        await asyncio.sleep(2)
    assert c.said("user") == ["I want to cancel my order."]


class Slow:
    """A decider that takes its time, or fails."""

    def __init__(self, secs: float, action: Action | None) -> None:
        self.secs = secs
        self.action = action

    async def decide(self, utterance: Utterance) -> Decision:
        await asyncio.sleep(self.secs)
        if self.action is None:
            raise RuntimeError("model fell over")
        return Decision(self.action if utterance.is_final else Action.WAIT, "model")


@pytest.mark.parametrize(
    ("decider", "said"),
    [
        pytest.param(Slow(0.05, Action.IGNORE), [], id="in time"),
        pytest.param(Slow(9, Action.IGNORE), ["Stop."], id="too late"),
        pytest.param(Slow(0, None), ["Stop."], id="failing"),
    ],
)
async def test_another_decider_decides_unless_it_is_late_or_fails(
    decider: Slow, said: list[str]
) -> None:
    async with call(decider=decider) as c:
        await speaking(c)
        await c.caller(began(), ended(), final("Stop."), every=0.1)
        await asyncio.sleep(4)
    assert c.said("user") == said


def tool_frames(name: str) -> tuple[Frame, Frame]:
    running = FunctionCallInProgressFrame(name, "1", {}, cancel_on_interruption=False)
    return running, FunctionCallResultFrame(name, "1", {}, {"booked": True})


async def test_turn_waits_until_a_tool_with_side_effects_is_done() -> None:
    settings = InterruptionSettings(side_effect_tools=frozenset({"book"}))
    running, done = tool_frames("book")
    async with call(settings=settings) as c:
        await speaking(c)
        await c.caller(running)
        await c.caller(began(), ended(), final("No, wait, not that one."), every=0.1)
        await asyncio.sleep(1)
        assert c.turns == []
        at = now() - 0.9
        assert not [loud for begin, loud in c.loudness(at) if loud]
        await c.caller(done)
        await asyncio.sleep(2)
    assert c.said("user") == ["No, wait, not that one."]
    assert len(c.turns) == 1


async def test_state_is_told_as_it_changes() -> None:
    async with call() as c:
        states: list[str] = []

        @c.strategy.event_handler("on_state")
        async def on_state(_: object, snapshot: TurnSnapshot) -> None:
            states.append(snapshot.state)

        await speaking(c)
        await c.caller(began(), ended(), final("Uh-huh."), every=0.1)
        await c.caller(began(), ended(), final("Stop."), every=0.1)
        await asyncio.sleep(2)
    assert states == ["speaking", "ducked", "speaking", "ducked", "interrupted", "thinking"]
    assert c.strategy.snapshot.interruptions == 1
    assert 1.0 < c.strategy.snapshot.heard_secs < 1.5


async def test_words_while_the_caller_talks_on_belong_to_one_utterance() -> None:
    async with call() as c:
        await speaking(c, secs=0.3)
        await c.caller(began(), final("Yeah."), every=0.3)
        await c.caller(final("But I want the blue one."), ended(), every=0.3)
        await asyncio.sleep(2)
    assert c.said("user") == ["Yeah. But I want the blue one."]
    assert c.backchannels == []


async def test_speech_that_the_vad_missed_still_interrupts() -> None:
    async with call() as c:
        await speaking(c)
        await c.caller(interim("stop"), final("Stop."), every=0.1)
        await asyncio.sleep(2)
    assert c.said("user") == ["Stop."]


async def test_a_transcript_without_a_word_interrupts_nothing() -> None:
    async with call() as c:
        await speaking(c)
        await c.caller(began(), ended(), final(""), interim(" "), final(" "), every=0.3)
        await asyncio.sleep(2)
    assert c.strategy.snapshot.turn == 0
    assert c.said("user") == []


async def test_caller_who_began_before_the_agent_has_the_turn() -> None:
    async with call() as c:
        await c.caller(began(), every=0.3)
        await c.say(reply(STORY))
        await c.caller(interim("so"), ended(), final("So, yeah."), every=0.1)
        await asyncio.sleep(2)
    assert c.said("user") == ["So, yeah."]


async def test_speech_sent_as_uninterruptible_is_said_to_its_end() -> None:
    async with call() as c:
        notice = reply([("This call is recorded for training.", 2000)])
        for frame in notice:
            frame.interruptible = False
        await c.say(notice)
        await asyncio.sleep(0.5)
        await c.caller(began(), ended(), final("Stop it."), every=0.1)
        await asyncio.sleep(3)
    assert sum(len(chunk.pcm) for chunk in c.transport.played) / 32 == 2000
    assert {loud for _, loud in c.loudness()} == {1.0}
    assert c.said("assistant") == ["This call is recorded for training."]
    assert c.said("user") == ["Stop it."]


async def test_voice_noticed_after_the_agent_stopped_began_over_it() -> None:
    async with call() as c:
        await speaking(c, secs=3.1)
        await c.caller(began(start_secs=0.3), every=0.1)
        await c.caller(ended(), final("Uh-huh."))
        await asyncio.sleep(2)
    assert c.turns == []
    assert c.backchannels == ["Uh-huh."]


async def test_call_can_end_while_someone_talks_over_the_agent() -> None:
    async with call() as c:
        await speaking(c, secs=0.2)
        await c.caller(began(), every=2.5)
    assert c.said("assistant") == ["One two three four five. Six seven eight nine ten."]


async def test_what_is_no_speech_over_the_agent_is_left_to_the_other_strategies() -> None:
    running, done = tool_frames("book")
    silent = [running, done, BotStoppedSpeakingFrame(), ended(), began(), final(" "), final("Hi.")]
    async with call() as c:
        results = []
        for frame in silent:
            results.append(await c.strategy.process_frame(frame))
            await asyncio.sleep(1.1)
        await c.strategy.handle_user_turn_started()
        results += [await c.strategy.process_frame(frame) for frame in (began(), interim("hello"))]
    assert set(results) == {ProcessFrameResult.CONTINUE}


async def test_after_a_turn_what_is_said_over_the_agent_is_judged_again() -> None:
    async with call() as c:
        await c.caller(began(), ended(), final("Hello."), every=0.2)
        await asyncio.sleep(1)
        await speaking(c)
        await c.caller(began(), ended(), final("Uh-huh."), every=0.1)
        await asyncio.sleep(3)
    assert len(c.turns) == 1
    assert c.backchannels == ["Uh-huh."]


async def test_noise_after_a_backchannel_leaves_the_agent_at_full_loudness() -> None:
    async with call() as c:
        await speaking(c, secs=0.3)
        await c.caller(began(), ended(), final("Uh-huh."), every=0.1)
        await asyncio.sleep(0.2)
        await c.caller(began(), ended(), every=0.2)
        await asyncio.sleep(3)
    assert c.loudness()[-1][1] == 1.0
    assert c.turns == []


@pytest.mark.parametrize("secs", [0.5, 1.5, 3.2])
async def test_backchannel_that_the_vad_missed_is_one(secs: float) -> None:
    async with call() as c:
        await speaking(c, secs=secs)
        await c.caller(final("Uh-huh."))
        await asyncio.sleep(3)
    assert c.turns == []
    assert c.backchannels == ["Uh-huh."]


async def test_voice_without_a_word_silences_the_agent_for_a_while_only() -> None:
    settings = InterruptionSettings(silent_hold_limit_secs=3.0)
    async with call(settings=settings) as c:
        await speaking(c, secs=0.2)
        await c.caller(began(), every=8.0)
        await c.caller(ended())
    audible = [at for at, loud in c.loudness() if loud]
    silences = [after - before for before, after in pairwise(audible)]
    assert max(silences) == pytest.approx(3.1, abs=0.15)
    assert c.turns == []
    assert c.said("assistant") == ["One two three four five. Six seven eight nine ten."]


async def test_utterance_is_settled_once_however_long_the_decider_takes() -> None:
    async with call(decider=Slow(0.15, Action.IGNORE)) as c:
        settled: list[str] = []

        @c.strategy.event_handler("on_decision")
        async def on_decision(_: object, decision: Decision) -> None:
            settled.append(decision.reason)

        await speaking(c)
        await c.caller(began(), ended(), final("Uh-huh."), every=0.05)
        await asyncio.sleep(3)
    assert settled == ["model"]


class Listens:
    """A decider that lets everybody interrupt, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Utterance] = []

    async def decide(self, utterance: Utterance) -> Decision:
        self.asked.append(utterance)
        return Decision(Action.INTERRUPT if utterance.words else Action.WAIT, "model")


async def test_another_decider_is_told_what_the_agent_was_doing() -> None:
    decider = Listens()
    async with call(decider=decider) as c:
        await speaking(c)
        await c.caller(began(), every=0.1)
        await c.caller(final("Stop."), ended())
        await asyncio.sleep(2)
        running, _ = tool_frames("book")
        await c.caller(running, began(), final("Wait."), every=0.1)
    assert decider.asked[0].agent_text == "One two three four five. Six seven eight nine ten."
    states = {asked.words: asked.agent_state for asked in decider.asked}
    assert states["Stop."] is AgentState.SPEAKING
    assert states["Wait."] is AgentState.TOOL


async def test_another_decider_is_not_asked_again_while_its_turn_has_to_wait() -> None:
    decider = Listens()
    async with call(decider=decider) as c:
        c.strategy.interruptible = False
        await speaking(c, secs=0.5)
        await c.caller(began(), final("I want to cancel."), every=0.1)
        before = len(decider.asked)
        await asyncio.sleep(1)
        while_waiting = len(decider.asked)
        c.strategy.interruptible = True
        await c.caller(ended(), every=1)
    assert while_waiting == before
    assert c.said("user") == ["I want to cancel."]


async def test_turn_that_interrupts_nothing_leaves_the_agent_talking() -> None:
    async with call(settings=InterruptionSettings(enable_interruptions=False)) as c:
        await speaking(c)
        await c.caller(began(), final("Stop."), every=0.1)
        await c.caller(ended())
        await asyncio.sleep(4)
    assert min(loud for _, loud in c.loudness()) > 0
    assert c.said("user") == ["Stop."]


async def test_without_the_gate_the_agent_talks_on_until_it_is_interrupted() -> None:
    async with call(knows_playback=False) as c:
        await speaking(c, secs=0.5)
        await c.caller(began(), final("Uh-huh."), ended(), every=0.1)
        await asyncio.sleep(0.5)
        loudness = {loud for _, loud in c.loudness()}
        await c.caller(began(), ended(), final("Stop."), every=0.1)
        at = now()
        await asyncio.sleep(2)
    assert loudness == {1.0}
    assert c.backchannels == ["Uh-huh."]
    assert c.said("user") == ["Stop."]
    assert c.silent_from(at) <= 0.041


async def test_a_cough_right_after_words_without_a_voice_does_not_cut_their_answer() -> None:
    async with call() as c:
        await c.caller(final("4711"))
        await asyncio.sleep(0.75)
        await c.caller(began())
        await asyncio.sleep(0.4)
        await c.caller(ended())
        await asyncio.sleep(2)
        assert len(c.turns) == 1


@pytest.mark.parametrize("over_the_agent", [True, False])
async def test_a_turn_beside_a_television_ends_when_no_more_words_come(
    over_the_agent: bool,
) -> None:
    async with call() as c:
        if over_the_agent:
            await speaking(c, secs=0.5)
        await c.caller(began(), every=0.5)
        await c.caller(interim("stop where is"), every=0.5)
        await c.caller(final("Stop, where is my order?"))
        at = now()
        await asyncio.sleep(6)  # and the VAD hears a voice all the while
        waits = [when - at for when in c.answered]
        await c.caller(ended())
        await asyncio.sleep(6)
    assert len(c.answered) == len(c.stopped) == 1
    assert waits == [pytest.approx(1.9, abs=0.1)]
    assert c.said("user") == ["Stop, where is my order?"]


async def test_a_caller_who_speaks_on_beside_a_television_is_heard_to_the_end() -> None:
    async with call() as c:
        await c.caller(began(), every=0.5)
        for _ in range(3):
            await c.caller(interim("my number is"), every=1.0)
            await c.caller(final("My number is seven."), every=1.3)
        early = len(c.answered)
        await asyncio.sleep(2)
        await c.caller(ended())
    assert early == 0
    assert len(c.answered) == 1


async def test_without_words_while_they_are_spoken_a_voice_is_waited_for() -> None:
    async with call() as c:
        await c.caller(began(), every=0.5)
        await c.caller(final("Where is my order?"), every=4.0)
        early = len(c.answered)
        await c.caller(ended())
        await asyncio.sleep(2)
    assert early == 0
    assert len(c.answered) == 1
