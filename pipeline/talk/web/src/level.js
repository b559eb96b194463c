/** Measures how loud a track is, 0 to 100, where 100 is 0 dBFS and 0 is -60 dBFS or less. */
export class Level {
  #samples = new Float32Array(1024);
  #source;
  #analyser;

  /** @param {AudioContext} context @param {MediaStreamTrack} track */
  constructor(context, track) {
    this.#analyser = new AnalyserNode(context, { fftSize: this.#samples.length });
    this.#source = new MediaStreamAudioSourceNode(context, { mediaStream: new MediaStream([track]) });
    this.#source.connect(this.#analyser);
  }

  read() {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    let sum = 0;
    for (const sample of this.#samples) sum += sample * sample;
    const decibels = 10 * Math.log10(sum / this.#samples.length + 1e-10);
    return Math.round(Math.min(100, Math.max(0, (decibels + 60) / 0.6)));
  }

  close() {
    this.#source.disconnect();
  }
}
