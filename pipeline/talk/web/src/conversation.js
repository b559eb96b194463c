/**
 * Who said what: events of a call go in, entries to show come out. No page, no network, no clock.
 *
 * @typedef {{key: string, label: string, by: string, ms: number}} Stage
 * @typedef {{greeting: boolean, total_ms: number, stages: Stage[]}} Wait
 * @typedef {{text: string, spoken: string, rest: string}} Segment
 * @typedef {{name: string, keys: string[], ms: number}} Part
 * @typedef {{text: string, hidden?: boolean, unheard?: boolean}} Piece
 * @typedef {{id: number, who: "caller", text: string, interim: string, open: boolean,
 *   aside: boolean, bargeIn: boolean, understood: boolean}} CallerEntry
 * @typedef {{id: number, who: "agent", segments: Map<number, Segment>, open: boolean,
 *   interrupted: boolean, wait: Wait | null, tools: string[]}} AgentEntry
 * @typedef {{id: number, who: "backchannel", text: string}} BackchannelEntry
 * @typedef {CallerEntry | AgentEntry | BackchannelEntry} Entry
 */

/** What has the turn: nobody yet, the caller (silent or speaking), or the agent. */
export const Turn = Object.freeze({
  NOBODY: "nobody",
  YOURS: "yours",
  SPEAKING: "speaking",
  THINKING: "thinking",
  AGENT: "agent",
});

/** What the agent's redactor put in the place of a value, such as `<CREDIT_CARD 6467>`. */
const HIDDEN = /<([A-Z]+(?:_[A-Z]+)*)(?:_\w+)?( [^<>]*)?>/;
/** What a recogniser writes where it made out nothing: no words of anybody's. */
const UNHEARD = /\[[a-z][a-z _-]*\](?:\s*\[[a-z][a-z _-]*\])*/;
const MARKS = new RegExp(`${HIDDEN.source}|${UNHEARD.source}`, "g");

/** What was said, taken apart: words, what is hidden, and what nobody understood.
 *
 * @param {string} text @returns {Piece[]}
 */
export function pieces(text) {
  /** @type {Piece[]} */
  const found = [];
  let done = 0;
  for (const mark of text.matchAll(MARKS)) {
    found.push({ text: text.slice(done, mark.index) });
    const [, kind, rest] = mark;
    if (kind) found.push({ text: kind.toLowerCase().replaceAll("_", " ") + (rest ?? ""), hidden: true });
    else found.push({ text: "not understood", unheard: true });
    done = mark.index + mark[0].length;
  }
  found.push({ text: text.slice(done) });
  return found.filter((piece) => piece.text);
}

/** @param {string} text */
function inWords(text) {
  return pieces(text)
    .map((piece) => (piece.hidden ? `[hidden: ${piece.text}]` : piece.unheard ? `[${piece.text}]` : piece.text))
    .join("")
    .trim();
}

/** The stages that every answer has, and those that some have, in the order of a turn. */
const PARTS = [
  ["VAD", ["endpointing_wait"]],
  ["STT", ["transcription"]],
  ["turn", ["turn_detection", "turn_completion", "waiting_for_user"]],
  ["LLM", ["llm_inference", "llm_tool_call", "awaiting_speakable_text", "context"]],
  ["tool", ["function_handler"]],
  ["sentence", ["sentence_aggregation"]],
  ["TTS", ["speech_synthesis"]],
];

/** A wait as few parts, which add up to it; what not every answer has, only where there was any.
 *
 * @param {Wait} wait @returns {Part[]}
 */
export function parts(wait) {
  const made = PARTS.map(([name, keys]) => ({ name, keys, ms: 0 }));
  const rest = { name: "rest", keys: ["output_transport"], ms: 0 };
  for (const stage of wait.stages) {
    (made.find((part) => part.keys.includes(stage.key)) ?? rest).ms += stage.ms;
  }
  const usual = wait.greeting ? [] : made.filter((part) => part.name !== "tool");
  return [...made, rest].filter((part) => part.ms > 0 || usual.includes(part));
}

export class Conversation {
  constructor() {
    /** @type {Entry[]} */
    this.entries = [];
    this.turn = Turn.NOBODY;
    /** @type {Map<number, AgentEntry>} */
    this.bySegment = new Map();
    this.agentSpeaks = false;
    this.bargingIn = false;
  }

  callerStarted() {
    this.turn = Turn.SPEAKING;
    this.#caller().aside = false;
    const answer = this.#last("agent");
    if (answer) answer.open = false;
  }

  callerStopped() {
    this.turn = this.agentSpeaks ? Turn.AGENT : Turn.THINKING;
    const entry = this.#last("caller");
    if (entry) entry.open = false;
  }

  /**
   * What is said over the agent may yet turn out to take no turn.
   *
   * @param {string} text @param {boolean} final
   */
  callerSaid(text, final) {
    const entry = this.#caller();
    if (!final) {
      // What comes behind the final of a turn that is over is of that turn.
      if (entry.open || !entry.text) entry.interim = text;
      return;
    }
    entry.text = [entry.text, text].filter(Boolean).join(" ");
    entry.interim = "";
  }

  agentStarted() {
    this.agentSpeaks = true;
    this.turn = Turn.AGENT;
    // What it answers is known: the rest was taken for words for a while, and was none.
    const said = this.#last("caller");
    if (said && !said.open) said.interim = "";
    this.#agent();
  }

  agentStopped() {
    this.agentSpeaks = false;
    if (this.turn === Turn.AGENT) this.turn = Turn.YOURS;
    const answer = this.#last("agent");
    if (answer && !answer.interrupted) spoken(answer.segments.values());
  }

  /**
   * Pipecat's `bot-output`: a sentence when it is about to be spoken, and again as it is.
   *
   * @param {{text: string, segment_id?: number, spoken_status?: string,
   *   spoken_progress?: {accumulated_text: string, remaining_text: string}}} output
   */
  agentSaid(output) {
    const id = output.segment_id ?? -1;
    // Words of a sentence that was never begun: the caller interrupted before it.
    if (output.spoken_status === "in-progress" && !this.bySegment.has(id)) return;
    const entry = this.bySegment.get(id) ?? this.#agent();
    this.bySegment.set(id, entry);
    const progress = output.spoken_progress;
    // Its last words may never be told of, but a sentence follows only when one is done.
    if (!entry.interrupted && output.spoken_status === "in-progress") {
      spoken([...entry.segments].filter(([before]) => before < id).map(([, segment]) => segment));
    }
    entry.segments.set(id, {
      text: output.text,
      spoken: progress ? progress.accumulated_text : output.text,
      rest: progress ? progress.remaining_text : "",
    });
  }

  bargeIn() {
    this.agentSpeaks = false;
    const answer = this.#last("agent");
    if (answer) {
      answer.interrupted = true;
      answer.open = false;
    }
    const caller = this.#last("caller");
    if (caller?.open) caller.bargeIn = true;
    else this.bargingIn = true;
  }

  /** @param {string} text */
  backchannel(text) {
    const said = this.#last("caller");
    const entry = { id: this.entries.length, who: /** @type {const} */ ("backchannel"), text };
    if (said?.aside) this.entries[said.id] = { ...entry, id: said.id };
    else this.entries.push(entry);
  }

  /** The agent made nothing of what the caller said last. */
  notUnderstood() {
    const said = this.#last("caller");
    if (said) said.understood = false;
  }

  /** The last wait of the caller, if any was told. @returns {Wait | null} */
  get lastWait() {
    return this.entries.findLast((entry) => entry.who === "agent" && entry.wait)?.wait ?? null;
  }

  /** What was said, as the page shows it, for other programs. */
  transcript() {
    return this.entries.map(said).filter((entry) => entry.text || entry.not_spoken);
  }

  /** The same for people. */
  text() {
    const lines = this.transcript().map((entry) => {
      const notes = [];
      if (entry.wait) notes.push(`after ${(entry.wait.total_ms / 1000).toFixed(2)} s`);
      if (entry.interrupted) notes.push("interrupted");
      if (entry.interrupted_the_agent) notes.push("interrupting");
      if (entry.no_turn) notes.push("no turn taken");
      if (entry.understood === false && !entry.text.startsWith("[")) notes.push("not understood");
      const unsaid = entry.not_spoken ? ` [not spoken: ${entry.not_spoken}]` : "";
      const who = entry.who === "agent" ? "Agent" : "You";
      return `${who}${notes.length ? ` (${notes.join(", ")})` : ""}: ${entry.text}${unsaid}\n`;
    });
    return lines.join("");
  }

  /** @param {Wait} wait */
  waited(wait) {
    // Counted from connecting, only the greeting is: after a lost connection it says nothing.
    if (wait.greeting && this.entries.some((entry) => entry.who === "agent" && entry.wait)) return;
    const entry = this.#agent();
    // An answer may pause and go on; the caller waited for its beginning.
    entry.wait ??= wait;
  }

  /** @param {string} name */
  usedTool(name) {
    this.#agent().tools.push(name);
  }

  ended() {
    this.turn = Turn.NOBODY;
    this.agentSpeaks = false;
    for (const entry of this.entries) if ("open" in entry) entry.open = false;
  }

  /** The caller's words of this turn, in one entry however often they pause. */
  #caller() {
    const last = this.#last("caller");
    if (last && this.entries.at(-1) === last) {
      last.open ||= this.turn === Turn.SPEAKING;
      return last;
    }
    if (last?.open) return last;
    const aside = this.agentSpeaks && this.turn !== Turn.SPEAKING;
    const answer = this.#last("agent");
    if (answer && !aside) answer.open = false;
    /** @type {CallerEntry} */
    const entry = {
      id: this.entries.length, who: "caller", text: "", interim: "", open: true, aside,
      bargeIn: this.bargingIn, understood: true,
    };
    this.bargingIn = false;
    this.entries.push(entry);
    return entry;
  }

  #agent() {
    const last = this.#last("agent");
    if (last?.open) return last;
    /** @type {AgentEntry} */
    const entry = {
      id: this.entries.length, who: "agent", segments: new Map(), open: true, interrupted: false,
      wait: null, tools: [],
    };
    this.entries.push(entry);
    return entry;
  }

  /** @param {"caller" | "agent"} who @returns {any} */
  #last(who) {
    return this.entries.findLast((entry) => entry.who === who);
  }
}

/** @param {Entry} entry @returns {any} */
function said(entry) {
  if (entry.who === "caller") {
    const { bargeIn, understood } = entry;
    return {
      who: "caller", text: inWords(entry.text), understood: understood && !UNHEARD.test(entry.text),
      ...(bargeIn && { interrupted_the_agent: true }),
    };
  }
  if (entry.who === "backchannel") return { who: "caller", text: inWords(entry.text), no_turn: true };
  const segments = [...entry.segments.values()];
  const joined = (key) => inWords(segments.map((segment) => segment[key].trim()).filter(Boolean).join(" "));
  const unsaid = joined("rest");
  return {
    who: "agent", text: joined("spoken"),
    ...(unsaid && { not_spoken: unsaid }),
    ...(entry.interrupted && { interrupted: true }),
    ...(entry.tools.length && { tools: entry.tools }),
    ...(entry.wait && { wait: entry.wait }),
  };
}

/** @param {Iterable<Segment>} segments */
function spoken(segments) {
  for (const segment of segments) {
    segment.spoken = segment.text;
    segment.rest = "";
  }
}
