/**
 * Owns the browser's face of one published track of a bot, as far as the SDK looks at it: which encodings are on.
 * Does not own what is sent (Sender).
 */
import type { Sender } from './Sender.ts';

/** An RTCRtpSender whose encodings can be switched, and nothing else. */
export class NativeSender implements RTCRtpSender {
  readonly dtmf = null;
  readonly track = null;
  readonly transport = null;
  readonly transform = null;
  readonly #sender: Sender;
  #encodings: RTCRtpEncodingParameters[];

  constructor(sender: Sender, encodings: number) {
    this.#sender = sender;
    this.#encodings = Array.from({ length: encodings }, () => ({ active: true }));
  }

  getParameters(): RTCRtpSendParameters {
    const encodings = this.#encodings.map((encoding) => ({ ...encoding }));
    return { encodings, transactionId: '', codecs: [], headerExtensions: [], rtcp: {} };
  }

  setParameters({ encodings }: RTCRtpSendParameters): Promise<void> {
    this.#encodings = encodings.map((encoding) => ({ ...encoding }));
    for (const [index, { active = true }] of encodings.entries())
      this.#sender.setEncodingActive(index, active);
    return Promise.resolve();
  }

  getStats(): Promise<RTCStatsReport> {
    return Promise.resolve(new Map());
  }

  replaceTrack(): Promise<void> {
    return Promise.reject(new Error('the handler replaces tracks'));
  }

  setStreams(): void {}
}
