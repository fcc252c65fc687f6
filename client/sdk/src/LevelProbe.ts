/**
 * Owns measuring how loud a track is at the moment. Does not own what loud means (devices.ts, SpeechOnset).
 */

/** What digital silence is taken for. */
const SILENCE_DB = -90;

/** The level of one audio track. Stop the track only after {@link close}. */
export class LevelProbe {
  readonly #context: AudioContext;
  readonly #source: MediaStreamAudioSourceNode;
  readonly #analyser: AnalyserNode;
  readonly #samples: Float32Array<ArrayBuffer>;

  private constructor(track: MediaStreamTrack) {
    this.#context = new AudioContext();
    this.#analyser = this.#context.createAnalyser();
    this.#analyser.fftSize = 1024;
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#source = this.#context.createMediaStreamSource(new MediaStream([track]));
    this.#source.connect(this.#analyser);
  }

  /** Undefined where there is no Web Audio (outside a browser), or where it refuses. */
  static open(track: MediaStreamTrack): LevelProbe | undefined {
    if (typeof AudioContext === 'undefined') return undefined;
    try {
      return new LevelProbe(track);
    } catch {
      return undefined;
    }
  }

  /** Of the last 20 ms, in dBFS. Silence until the person has touched the page, where the browser waits for that. */
  decibels(): number {
    if (this.#context.state === 'suspended') void this.#context.resume().catch(() => undefined);
    this.#analyser.getFloatTimeDomainData(this.#samples);
    const power = this.#samples.reduce((sum, sample) => sum + sample * sample, 0) / this.#samples.length;
    return Math.max(SILENCE_DB, 10 * Math.log10(power));
  }

  close(): void {
    this.#source.disconnect();
    void this.#context.close().catch(() => undefined);
  }
}
