/**
 * The caller's microphone, as Pipecat's transport asks for it (the interface of its media manager).
 *
 * It sends one audio track, never video, and asks the browser to cancel the agent's own voice.
 */
export class Microphone {
  #callbacks = {};
  #deviceId = "";
  /** @type {MediaStreamTrack | null} */
  #track = null;

  setClientOptions(options) {
    this.#callbacks = options.callbacks ?? {};
  }

  setUserAudioCallback() {}

  async initialize() {
    await this.#open();
  }

  async connect() {
    if (this.#track?.readyState !== "live") await this.#open();
  }

  async disconnect() {
    if (this.#track) MediaStreamTrack.prototype.stop.call(this.#track);
    this.#track = null;
  }

  /** Another microphone. The new track is for the caller to put in place of the old one. */
  async choose(deviceId) {
    this.#deviceId = deviceId;
    if (!this.#track) return null;
    await this.disconnect();
    await this.#open();
    return this.#track;
  }

  async #open() {
    if (!navigator.mediaDevices) throw new DOMException("no media devices", "InsecureContext");
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: {
        deviceId: this.#deviceId ? { exact: this.#deviceId } : undefined,
        echoCancellation: true,
        noiseSuppression: true,
        autoGainControl: true,
      },
    });
    const [track] = stream.getAudioTracks();
    // When the transport replaces a connection it stops the tracks of the old one, and so the
    // microphone of the new one. Only `disconnect` really stops it.
    track.stop = () => {};
    track.addEventListener("ended", () => this.#callbacks.onMicLost?.());
    this.#track = track;
    this.#callbacks.onMicOpened?.(track);
  }

  tracks() {
    return { local: this.#track ? { audio: this.#track } : {} };
  }

  async getAllMics() {
    return (await navigator.mediaDevices.enumerateDevices()).filter((d) => d.kind === "audioinput");
  }

  async getAllSpeakers() {
    return (await navigator.mediaDevices.enumerateDevices()).filter((d) => d.kind === "audiooutput");
  }

  async getAllCams() {
    return [];
  }

  updateMic() {}
  updateCam() {}
  updateSpeaker() {}
  enableMic() {}
  enableCam() {}
  enableScreenShare() {}
  async userStartedSpeaking() {}
  bufferBotAudio() {}

  get selectedMic() {
    return {};
  }
  get selectedCam() {
    return {};
  }
  get selectedSpeaker() {
    return {};
  }
  get isMicEnabled() {
    return true;
  }
  get isCamEnabled() {
    return false;
  }
  get isSharingScreen() {
    return false;
  }
  get supportsScreenShare() {
    return false;
  }
}
