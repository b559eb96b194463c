/** The page: one button, what the call does with it, and what is shown. */
import { Call, NoPath, serverIsGone } from "./call.js";
import { Conversation, Turn } from "./conversation.js";
import { Level } from "./level.js";
import * as problems from "./problems.js";
import { download, fetchRecording } from "./downloads.js";
import { Captions, showWait } from "./view.js";

const $ = (id) => /** @type {any} */ (document.getElementById(id));
const captions = new Captions($("entries"), $("captions"));

const Phase = Object.freeze({
  IDLE: "idle", OPENING: "opening", CONNECTING: "connecting", TALKING: "talking", LOST: "lost",
});

const BUTTON = { idle: "Talk", opening: "Cancel", connecting: "Cancel", talking: "Hang up", lost: "Hang up" };

const STATUS = {
  opening: "Allow the microphone…",
  connecting: "Connecting…",
  talking: "Connected. You can talk.",
  lost: "Connection lost.",
};

const TURN = {
  [Turn.NOBODY]: "Connected",
  [Turn.YOURS]: "Your turn",
  [Turn.SPEAKING]: "Listening to you",
  [Turn.THINKING]: "Thinking",
  [Turn.AGENT]: "The agent speaks",
};

const GOOD_NEWS_MS = 5000;

/** How a call ends that nobody hung up. */
const GONE = { problem: problems.GONE, said: "The server is gone." };
const LOST_FOR_GOOD = { problem: problems.LOST_FOR_GOOD, said: "The connection was lost." };

let phase = Phase.IDLE;
let conversation = new Conversation();
/** @type {Call | null} */
let call = null;
/** @type {AudioContext | null} */
let audio = null;
/** @type {{you: Level | null, agent: Level | null}} */
const levels = { you: null, agent: null };
let startedAt = 0;
/** Whether the server records its calls for who made them. */
let recorded = false;
/** The state of the call in a few words, where it is not whose turn it is. */
let shortly = "";
let redrawing = false;
let untelling = 0;

function enter(next, { said = STATUS[next] ?? "" } = {}) {
  phase = next;
  shortly = said;
  document.body.dataset.phase = phase;
  $("talk-label").textContent = BUTTON[phase];
  $("status").textContent = shortly;
  redraw();
}

/** @param {string} text @param {{good?: boolean}} [options] Good news goes away by itself. */
function tell(text, { good = false } = {}) {
  $("problem").textContent = text;
  $("problem").hidden = !text;
  $("problem").classList.toggle("good", good);
  clearTimeout(untelling);
  if (good) untelling = setTimeout(() => tell(""), GOOD_NEWS_MS);
}

/** Draw once per frame, however many messages came. */
function redraw() {
  if (redrawing) return;
  redrawing = true;
  requestAnimationFrame(() => {
    redrawing = false;
    captions.show(conversation.entries);
    $("welcome").hidden = $("entries").childElementCount > 0;
    const wait = conversation.lastWait;
    if (wait) showWait($("wait-total"), $("wait-bar"), $("wait-parts"), wait);
    if (wait) $("last-wait").hidden = false;
    document.body.dataset.turn = phase === Phase.TALKING ? conversation.turn : Turn.NOBODY;
    const place = phase === Phase.LOST ? "Reconnecting…" : shortly;
    $("turn").textContent = phase === Phase.TALKING ? TURN[conversation.turn] : place;
  });
}

function handlers() {
  const mine = conversation;
  /** Apply an event to this call's conversation and show it. */
  const note = (method) => (...args) => {
    mine[method](...args);
    redraw();
  };
  return {
    onUserStartedSpeaking: note("callerStarted"),
    onUserStoppedSpeaking: note("callerStopped"),
    onUserTranscript: ({ text, final }) => note("callerSaid")(text, final),
    onBotStartedSpeaking: note("agentStarted"),
    onBotStoppedSpeaking: note("agentStopped"),
    onBotOutput: note("agentSaid"),
    onLLMFunctionCallInProgress: ({ function_name: name }) => note("usedTool")(name ?? "a tool"),
    onServerMessage: (message) => {
      if (message.type === "wait") note("waited")(message);
      if (message.type === "barge-in") note("bargeIn")();
      if (message.type === "not-understood") note("notUnderstood")();
      if (message.type === "backchannel") note("backchannel")(message.text);
    },
    onError: (message) => {
      // What fails while the connection is lost, fails because of that.
      if (phase !== Phase.LOST) tell(problems.agentProblem(message));
    },
    onTrackStarted: (track, participant) => {
      if (track.kind === "audio" && !participant?.local) hear(track);
    },
    onMicOpened: (track) => listen(track),
    onMicLost: () => tell(problems.MIC_LOST),
    onConnectionLost: () => {
      tell(problems.LOST);
      enter(Phase.LOST, { said: "" });
    },
    onConnectionRegained: () => {
      tell(problems.REGAINED, { good: true });
      enter(Phase.TALKING, { said: "" });
    },
    onServerGone: () => finish(GONE),
    onBotDisconnected: () => finish({ said: "The agent hung up." }),
    onDisconnected: async () => {
      const over = call;
      if (phase === Phase.LOST) finish(LOST_FOR_GOOD);
      else if (phase === Phase.TALKING && (await serverIsGone()) && call === over)
        finish(GONE);
      else if (phase === Phase.TALKING && call === over) finish({ said: "The call has ended." });
    },
  };
}

async function start() {
  tell("");
  audio ??= new AudioContext();
  void audio.resume();
  const starting = (call = new Call(handlers()));
  enter(Phase.OPENING);
  try {
    await starting.openMicrophone();
  } catch (error) {
    if (call === starting) await finish({ problem: problems.microphoneProblem(error) });
    return;
  }
  if (call !== starting) return starting.hangUp();
  void listDevices();
  enter(Phase.CONNECTING);
  try {
    await starting.connect();
  } catch (error) {
    if (call !== starting) return;
    const noPath = error instanceof NoPath;
    await finish({ problem: noPath ? problems.NO_PATH : await problems.connectionProblem(error) });
    return;
  }
  if (call !== starting) return;
  startedAt = performance.now();
  starting.startedOn = new Date();
  $("clock").hidden = false;
  enter(Phase.TALKING);
}

async function finish({ problem = "", said = "You hung up." } = {}) {
  const ending = call;
  call = null;
  if (!ending) return;
  for (const who of ["you", "agent"]) {
    levels[who]?.close();
    levels[who] = null;
  }
  $("voice").srcObject = null;
  conversation.ended();
  tell(problem);
  if (ending.startedOn || conversation.entries.length) keep(ending, said);
  enter(Phase.IDLE, { said: problem && !ending.startedOn ? "" : said });
  await ending.hangUp().catch(() => {});
}

/** Leave what was said in a call on the page, for the time of a new one too.
 *
 * @param {Call} over @param {string} said How it ended.
 */
function keep(over, said) {
  captions.show(conversation.entries);
  const was = conversation;
  const started = (over.startedOn ?? new Date()).toISOString();
  const name = `antiphon-call-${started.slice(0, 19).replaceAll(":", "-")}`;
  const told = { started, ended: said, entries: was.transcript() };
  conversation = new Conversation();
  const saves = [
    { name: "Transcript", save: () => download(`${name}.txt`, `${was.text()}(${said})\n`, "text/plain") },
    { name: "JSON", save: () => download(`${name}.json`, JSON.stringify(told, null, 2), "application/json") },
  ];
  const recording = async () => {
    tell("");
    const wav = await fetchRecording(over.key);
    if (wav) download(`${name}.wav`, wav, "audio/wav");
    else tell((await serverIsGone()) ? problems.GONE : problems.NOT_KEPT);
  };
  if (recorded) saves.push({ name: "Recording", save: recording });
  captions.end(said, saves);
}

function listen(track) {
  levels.you?.close();
  levels.you = audio && new Level(audio, track);
}

function hear(track) {
  // Chromium gives WebAudio no samples of a remote track that no element plays.
  $("voice").srcObject = new MediaStream([track]);
  $("voice").play().catch(() => {});
  levels.agent?.close();
  levels.agent = audio && new Level(audio, track);
}

async function listDevices() {
  if (!call) return;
  const [microphones, speakers] = await call.devices();
  fill($("mic"), microphones, "Microphone");
  fill($("speaker"), speakers, "Speaker");
}

/** @param {HTMLSelectElement} select @param {MediaDeviceInfo[]} devices @param {string} kind */
function fill(select, devices, kind) {
  const chosen = select.value;
  const options = devices
    .filter((device) => device.deviceId && device.deviceId !== "default")
    .map((device, index) => new Option(device.label || `${kind} ${index + 1}`, device.deviceId));
  select.replaceChildren(new Option("Default", ""), ...options);
  if (options.some((option) => option.value === chosen)) select.value = chosen;
}

function showLevels() {
  for (const who of ["you", "agent"]) {
    const level = levels[who]?.read() ?? 0;
    const meter = $(`${who}-meter`);
    meter.style.setProperty("--level", String(level / 100));
    meter.setAttribute("aria-valuenow", String(level));
  }
  if (phase === Phase.TALKING || phase === Phase.LOST) {
    const secs = Math.floor((performance.now() - startedAt) / 1000);
    const shown = `${Math.floor(secs / 60)}:${String(secs % 60).padStart(2, "0")}`;
    if ($("clock").textContent !== shown) $("clock").textContent = shown;
  }
  requestAnimationFrame(showLevels);
}

$("talk").addEventListener("click", () => (call ? finish() : start()));
$("mic").addEventListener("change", async () => {
  try {
    await call?.chooseMicrophone($("mic").value);
    tell("");
  } catch (error) {
    tell(problems.microphoneProblem(error));
  }
});
$("speaker").addEventListener("change", () => {
  $("voice").setSinkId($("speaker").value).catch(() => tell(problems.SPEAKER_REFUSED));
});
navigator.mediaDevices?.addEventListener("devicechange", () => void listDevices());
$("speaker-field").hidden = !("setSinkId" in HTMLMediaElement.prototype);

/** An agent that knows only its script is of no use to who does not know what it knows. */
async function showWhatIsUnderstood() {
  const about = await (await fetch(new URL("about", document.baseURI))).json();
  recorded = about.recorded;
  $("recorded").hidden = !recorded;
  $("asks").hidden = !about.understands.length;
  $("asked").replaceChildren(
    ...about.understands.map((phrase) => {
      const item = document.createElement("li");
      item.textContent = `“${phrase}”`;
      return item;
    }),
  );
}

enter(Phase.IDLE);
showLevels();
showWhatIsUnderstood().catch(() => {});
