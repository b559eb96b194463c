/** One call: Pipecat's client over its WebRTC transport, with the microphone of this page. */
import { LogLevel, PipecatClient } from "@pipecat-ai/client-js";
import { SmallWebRTCTransport } from "@pipecat-ai/small-webrtc-transport";
import { Microphone } from "./microphone.js";

const OFFER = new URL("offer", document.baseURI).href;
const WATCH_MS = 250;
const CONNECT_MS = 15_000;

/** The audio found no way to the agent. */
export class NoPath extends Error {}

export class Call {
  #microphone = new Microphone();
  #transport;
  #client;
  #watch = 0;
  #lost = false;
  #handlers;

  /**
   * @param {object} handlers Pipecat's client callbacks, and: `onMicOpened(track)`, `onMicLost()`,
   *   `onConnectionLost()` and `onConnectionRegained()`.
   */
  constructor(handlers) {
    this.#handlers = handlers;
    this.#transport = new SmallWebRTCTransport({
      mediaManager: /** @type {any} */ (this.#microphone),
      webrtcRequestParams: { endpoint: OFFER },
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
    let timer = 0;
    const tooLate = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new NoPath()), CONNECT_MS);
    });
    try {
      await Promise.race([this.#client.connect(), tooLate]);
    } finally {
      clearTimeout(timer);
    }
    this.#watch = setInterval(() => this.#look(), WATCH_MS);
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

  #look() {
    const state = this.#peerConnection?.connectionState;
    if (!this.#lost && (state === "disconnected" || state === "failed")) {
      this.#lost = true;
      this.#handlers.onConnectionLost?.();
    } else if (this.#lost && state === "connected") {
      this.#lost = false;
      this.#handlers.onConnectionRegained?.();
    }
  }
}
