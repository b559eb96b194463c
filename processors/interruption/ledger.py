"""What the caller has really heard.

Pure: the gate tells which text and audio goes out and when, and asks which words were heard. Words
come with times where the TTS service gives them; else a sentence is laid over its audio in
proportion. Positions are milliseconds of agent audio since the last `clear`; times are seconds on
any clock that only goes forward.
"""

from collections import deque
from collections.abc import Callable
from itertools import takewhile
from math import inf

from antiphon.core.sounding import is_as_said, said
from antiphon.processors.interruption.far_end import FarEnd
from antiphon.processors.interruption.sentence import Sentence, Word, breaks_off, ends_clause
from antiphon.processors.interruption.voice_pace import FASTEST_MS_PER_CHAR, VoicePace

__all__ = ["PlaybackLedger"]


class PlaybackLedger:
    """Keeps sentences, audio sent and audio played together.

    Attributes:
        far_end: How far what was sent has been played.
    """

    def __init__(self) -> None:
        """Start with nothing said."""
        self.far_end = FarEnd()
        self._sentences: deque[Sentence] = deque()
        self._received_ms = 0.0
        self._pace = VoicePace()
        self._gives_times = False
        self._text_follows_sound: bool | None = None

    @property
    def received_ms(self) -> float:
        """How much audio there is, sent or not."""
        return self._received_ms

    @property
    def sent_ms(self) -> float:
        """How much audio was handed to the transport."""
        return self.far_end.sent_ms

    def clear(
        self, *, keep: Callable[[object], bool] = lambda _: False, from_ms: float = 0.0
    ) -> None:
        """Forget what was said; positions start at 0 again.

        Args:
            keep: Which sentences are said all the same, by their source.
            from_ms: Where the audio that is kept began until now.
        """
        self._sentences = deque(s for s in self._sentences if keep(s.source))
        for sentence in self._sentences:
            sentence.start_ms -= from_ms
            sentence.until_ms -= from_ms
            sentence.left_ms -= from_ms
            for word in sentence.words:
                word.start_ms -= from_ms
                word.end_ms -= from_ms
        self._received_ms = 0.0
        self.far_end.clear()

    def expect(self, key: int, text: str, *, source: object, joined: bool = False) -> None:
        """Note a sentence whose audio is about to arrive.

        Args:
            key: Its id.
            text: Its text.
            source: Handed back with each of its words.
            joined: Whether the text brings its own spaces.
        """
        self._sentences.append(
            Sentence(key=key, text=text, source=source, joined=joined, start_ms=self._received_ms)
        )

    def grow(self, key: int | None, text: str, *, source: object) -> None:
        """Note more of a text that is told in pieces while it sounds; `close` tells all of it.

        Args:
            key: Its id; with the first piece its sound begins here.
            text: The next piece, which brings its own spaces.
            source: Handed back with each of its words.
        """
        sentence = next((s for s in self._sentences if s.key == key and not s.closed), None)
        if sentence is None:
            self.expect(key or 0, text, source=source, joined=True)
        else:
            sentence.text += text

    def receive(self, ms: float) -> None:
        """Note that audio has arrived.

        Args:
            ms: How long it sounds.
        """
        self._received_ms += ms

    def close(self, key: int | None, text: str, *, source: object, joined: bool = False) -> None:
        """Note that the text of a sentence is complete, as services without word times do.

        Where audio has arrived since it was expected, that audio is the sentence's; where none
        has (the service streams), the sentence shares what comes with those after it.

        Args:
            key: Its id; None or unknown begins a sentence here.
            text: Its text as it goes into the context.
            source: Handed back with each of its words.
            joined: Whether the text brings its own spaces.
        """
        sentence = next((s for s in self._sentences if s.key == key and not s.closed), None)
        if sentence is None:
            opened = [s for s in self._sentences if not s.closed and not s.timed]
            start_ms = opened[-1].start_ms if opened else self._last_end_ms()
            sentence = Sentence(key=-1, text=text, source=source, joined=joined, start_ms=start_ms)
            self._sentences.append(sentence)
        sentence.text, sentence.source, sentence.joined = text, source, joined
        if self._text_follows_sound:
            # Of one before it whose text never followed, there is no more sound.
            for earlier in takewhile(lambda each: each is not sentence, self._sentences):
                earlier.until_ms, earlier.left_ms = min(earlier.until_ms, sentence.start_ms), inf
        open_ = [s for s in self._sentences if not s.closed and not s.timed]
        sharing = [s for s in open_ if s is sentence or s.until_ms == inf]
        start_ms = sharing[0].start_ms
        duration_ms = min(self._received_ms, sentence.until_ms) - start_ms
        if self._text_follows_sound is None:
            self._text_follows_sound = duration_ms > 0
        if duration_ms <= 0:
            # A service that speaks before it tells what has said nothing of this one.
            if self._text_follows_sound:
                sentence.closed, sentence.words = True, sentence.words[: sentence.taken]
            return
        sharing = sharing[: sharing.index(sentence) + 1]
        chars = max(1, sum(s.length for s in sharing))
        if breaks_off(duration_ms, sum(map(self._pace.least_ms, sharing))):
            self._close_short(sharing, start_ms)
            return
        if all(is_as_said(each.text) for each in sharing):
            self._pace.learn(duration_ms, chars)
        for each in sharing:
            end_ms = start_ms + duration_ms * each.length / chars
            each.lay(start_ms, end_ms)
            each.closed = True
            start_ms = end_ms

    def word(
        self, key: int | None, text: str, start_ms: float, *, source: object, joined: bool = False
    ) -> None:
        """Note a word whose time the service gave.

        Args:
            key: The id of its sentence.
            text: The word.
            start_ms: Where it begins.
            source: Handed back with the word.
            joined: Whether the text brings its own spaces.
        """
        self._gives_times = True
        sentence = next((s for s in self._sentences if s.key == key), None)
        if sentence is None:
            sentence = Sentence(
                key=-1 if key is None else key, text="", source=source, joined=joined,
                start_ms=start_ms,
            )  # fmt: skip
            self._sentences.append(sentence)
        if not sentence.timed:
            sentence.timed, sentence.words = True, []
            if self._unsaid(sentence, text, start_ms):
                return
        words = sentence.words
        if words:
            words[-1].end_ms = max(words[-1].start_ms, start_ms)
            self._pace.learn(words[-1].end_ms - words[-1].start_ms, len(said(words[-1].text)) + 1)
        end_ms = start_ms + len(text) * self._pace.ms_per_char
        words.append(Word(text, start_ms, end_ms, joined, source))

    def heard(self, position_ms: float) -> list[Word]:
        """Return the words newly heard: those of which half or more has been played.

        Args:
            position_ms: How far was played.
        """
        found: list[Word] = []
        for sentence in self._sentences:
            if not (sentence.closed or sentence.timed):
                self._estimate(sentence)
            for word in sentence.sounding[sentence.taken :]:
                if word.counts_from_ms > position_ms:
                    return found
                found.append(word)
                sentence.taken += 1
            complete = sentence.closed or sentence.timed or sentence.until_ms < inf
            if not complete:
                return found
        return found

    def settle(
        self, position_ms: float, *, unfinished: Callable[[object], bool] = lambda _: False
    ) -> list[Word]:
        """Return all words, not yet returned, that begin before a position: it was played to there.

        Args:
            position_ms: Where complete audio ends.
            unfinished: Whether what a sentence is of goes on behind it, by its source.
        """
        found: list[Word] = []
        for sentence in self._sentences:
            if sentence.start_ms >= position_ms:
                break
            goes_on = unfinished(sentence.source)
            if not (goes_on or sentence.closed or sentence.timed or self._gives_times):
                self._end(sentence, position_ms)
            words = sentence.heard_by(position_ms)
            found += words
            sentence.taken = sentence.taken + len(words) if goes_on else len(sentence.words)
        while (
            len(self._sentences) > 1
            and self._sentences[0].end_ms < position_ms
            and not unfinished(self._sentences[0].source)
        ):
            self._sentences.popleft()
        return found

    def _close_short(self, sentences: list[Sentence], start_ms: float) -> None:
        """Close sentences whose sound breaks off: what would come after it was not said."""
        for sentence in sentences:
            end_ms = start_ms + sentence.length * self._pace.ms_per_char
            sentence.lay(start_ms, end_ms)
            sentence.cut(min(sentence.until_ms, self._received_ms))
            sentence.closed = True
            start_ms = end_ms

    def break_off(self, goes_on: Callable[[object], bool]) -> None:
        """Note that what comes is another's sound: of what was told so far there is no more.

        Unless the first goes on behind it.

        Args:
            goes_on: Whether it is that of a sentence, by its source.
        """
        for sentence in self._sentences:
            if goes_on(sentence.source):
                if sentence.left_ms < inf:
                    sentence.take_up(self._received_ms)
            elif sentence.until_ms == inf:
                sentence.until_ms = sentence.left_ms = self._received_ms

    def _unsaid(self, sentence: Sentence, text: str, start_ms: float) -> bool:
        """Whether a sentence is told in one piece because no word of it was said.

        So does Pipecat when the next one is said, at the same time, or when the reply is over.
        """
        before = self._sentences.index(sentence) - 1
        words = self._sentences[before].words if before >= 0 else []
        if text.strip() == sentence.text.strip():
            sound_ms = min(self._received_ms, sentence.until_ms) - sentence.start_ms
            in_words = " " not in text.strip()
            if in_words and words:
                unsaid = words[-1].start_ms >= start_ms
            else:
                unsaid = not in_words and breaks_off(sound_ms, self._pace.least_ms(sentence))
            if unsaid or self._was_another(sentence, start_ms, sound_ms):
                return True
            if not in_words:
                # Its time is that of the last word before it, which was said.
                return False
        if words:
            # Of the sentence before, what the next one leaves no time for was not said either.
            self._sentences[before].words = [
                word
                for word in words
                if start_ms - word.start_ms > FASTEST_MS_PER_CHAR / 2 * len(word.text)
            ]
        return False

    def _was_another(self, sentence: Sentence, start_ms: float, sound_ms: float) -> bool:
        """Whether sound too short for all that is told of it is more likely another sentence's."""
        told = [sentence] + [
            each
            for each in self._sentences
            if each.start_ms == sentence.start_ms
            and not each.taken
            and [word.start_ms for word in each.words] == [start_ms]
        ]
        spoken_ms = self._pace.ms_per_char * sum(each.length for each in told)
        if len(told) == 1 or not breaks_off(sound_ms, spoken_ms):
            return False
        likely = min(told, key=lambda each: abs(each.length * self._pace.ms_per_char - sound_ms))
        for each in told:
            if each is not likely:
                each.words = []
        return likely is not sentence

    def word_start(self, position_ms: float) -> float:
        """Return where the word that sounds at a position begins.

        Args:
            position_ms: The position.
        """
        return max(
            (w.start_ms for w in self._words() if w.start_ms <= position_ms), default=position_ms
        )

    def clause_start(self, position_ms: float) -> float:
        """Return where the clause that sounds at a position begins.

        Args:
            position_ms: The position.
        """
        start_ms, begins = position_ms, True
        for word in self._words():
            if word.start_ms > position_ms:
                break
            if begins:
                start_ms = word.start_ms
            begins = ends_clause(word.text)
        return start_ms

    def text(self) -> str:
        """Return the sentences that are being spoken or still to come, as one text."""
        return " ".join(s.text or "".join(w.text for w in s.words) for s in self._sentences)

    def asked(self, position_ms: float, *, within_ms: float) -> bool:
        """Return whether a question sounds at a position, or ended shortly before it.

        Args:
            position_ms: The position.
            within_ms: How long after its end a question still counts.
        """
        for start_ms, last_word in reversed([p for s in self._sentences for p in s.parts()]):
            if start_ms > position_ms:
                continue
            if last_word.rstrip(" \"')").endswith(("?", "？")):
                return True
            if position_ms - start_ms > within_ms:
                return False
        return False

    def _words(self) -> list[Word]:
        return [word for sentence in self._sentences for word in sentence.sounding]

    def _last_end_ms(self) -> float:
        return max((s.end_ms for s in self._sentences), default=0.0)

    def _estimate(self, sentence: Sentence) -> None:
        """Lay a sentence over audio of which part is still to come."""
        if self._gives_times:
            return
        if sentence.until_ms < inf:
            self._end(sentence, sentence.until_ms)
            return
        end_ms = sentence.start_ms + sentence.length * self._pace.ms_per_char
        sentence.lay(sentence.start_ms, max(end_ms, self._received_ms))

    def _end(self, sentence: Sentence, end_ms: float) -> None:
        """Lay a sentence over audio that is complete, or that breaks off."""
        start_ms, broken = sentence.start_ms, sentence.until_ms < inf
        sound_ms = min(end_ms, sentence.until_ms) - start_ms
        spoken_ms = sentence.length * self._pace.ms_per_char
        least_ms = spoken_ms if broken else self._pace.least_ms(sentence)
        if sound_ms <= 0 or breaks_off(sound_ms, least_ms):
            sentence.lay(start_ms, start_ms + spoken_ms)
            sentence.cut(start_ms + sound_ms)
        else:
            sentence.lay(start_ms, start_ms + sound_ms)
