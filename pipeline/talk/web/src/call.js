/** One call: Pipecat's client over its WebRTC transport, with the microphone of this page. */
import { LogLevel, PipecatClient } from "@pipecat-ai/client-js";
import { SmallWebRTCTransport } from "@pipecat-ai/small-webrtc-transport";
import { Microphone } from "./microphone.js";

const OFFER = new URL("offer", document.baseURI);
const ABOUT = new URL("about", document.baseURI).href;
const WATCH_MS = 500;
const CONNECT_MS = 15_000;
const GONE_MS = 2000;

/** Nothing at all arrives, not even the agent's silence. The browser itself says so after 7 s. */
const LOST_AFTER_MS = 2500;

/** Whether antiphon still answers: a computer that is there refuses at once, one that is not, never. */
export async function serverIsGone() {
  try {
    await fetch(ABOUT, { cache: "no-store", signal: AbortSignal.timeout(GONE_MS) });
    return false;
  } catch (error) {
    return error?.name !== "TimeoutError";
  }
}

/** The audio found no way to the agent. */
export class NoPath extends Error {}

export class Call {
  #microphone = new Microphone();
  #transport;
  #client;
  #watch = 0;
  #lost = false;
  #asking = false;
  #received = 0;
  #receivedAt = 0;
  #handlers;
  /** @type {Date | null} When the agent answered. */
  startedOn = null;
  /** By which the recording of this call is found; nobody else can guess it. */
  key = crypto.randomUUID?.() ?? "";

  /**
   * @param {object} handlers Pipecat's client callbacks, and: `onMicOpened(track)`, `onMicLost()`,
   *   `onConnectionLost()`, `onConnectionRegained()`, and `onServerGone()`.
   */
  constructor(handlers) {
    this.#handlers = handlers;
    this.#transport = new SmallWebRTCTransport({
      mediaManager: /** @type {any} */ (this.#microphone),
      webrtcRequestParams: { endpoint: `${OFFER}?recording=${this.key}` },
    });
    this.#client = new PipecatClient({
      transport: this.#transport,
      enableMic: true,
      enableCam: false,
      callbacks: handlers,
    });
    this.#client.setLogLevel(LogLevel.ERROR);
  }

  /** Ask for the microphone; rejects with the browser's own error. */
  async openMicrophone() {
    await this.#client.initDevices();
  }

  /** Resolves when the agent is ready. */
  async connect() {
    // The transport would try three times, for six seconds, what this tells at once.
    await fetch(ABOUT);
    let timer = 0;
    const tooLate = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new NoPath()), CONNECT_MS);
    });
    try {
      await Promise.race([this.#client.connect(), tooLate]);
    } finally {
      clearTimeout(timer);
    }
    this.#receivedAt = performance.now();
    this.#watch = setInterval(() => void this.#look(), WATCH_MS);
  }

  async hangUp() {
    clearInterval(this.#watch);
    await this.#client.disconnect();
    await this.#microphone.disconnect();
  }

  devices() {
    return Promise.all([this.#microphone.getAllMics(), this.#microphone.getAllSpeakers()]);
  }

  /** @param {string} deviceId */
  async chooseMicrophone(deviceId) {
    const track = await this.#microphone.choose(deviceId);
    const sender = this.#peerConnection?.getTransceivers()[0]?.sender;
    if (track && sender) await sender.replaceTrack(track);
  }

  /**
   * The transport tells of a lost connection only when it gives up, and has no way to exchange the
   * microphone of a media manager that is not its own. Its peer connection serves for both.
   *
   * @returns {RTCPeerConnection | null}
   */
  get #peerConnection() {
    return this.#transport["pc"];
  }

  async #look() {
    const connection = this.#peerConnection;
    if (!connection) return;
    let received = 0;
    for (const stats of (await connection.getStats()).values()) {
      if (stats.type === "transport") received += stats.bytesReceived ?? 0;
    }
    const now = performance.now();
    // Less than before: it is another connection, in the place of one that was lost.
    const arriving = received !== this.#received;
    if (arriving) this.#receivedAt = now;
    this.#received = received;
    if (!this.#lost && now - this.#receivedAt > LOST_AFTER_MS) {
      this.#lost = true;
      this.#handlers.onConnectionLost?.();
    } else if (this.#lost && arriving && connection.connectionState === "connected") {
      this.#lost = false;
      this.#handlers.onConnectionRegained?.();
    } else if (this.#lost && !this.#asking) {
      this.#asking = true;
      if (await serverIsGone()) this.#handlers.onServerGone?.();
      this.#asking = false;
    }
  }
}
