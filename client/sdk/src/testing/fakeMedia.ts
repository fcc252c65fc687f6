/**
 * Owns tracks and a mediasoup Device without a browser, for tests.
 */

import { Device, FakeHandler, testFakeParameters, type types } from 'mediasoup-client';
import type { DeviceFactory } from '../deviceFactory.ts';
import type { EncoderCheck } from '../videoCodecs.ts';

/** A track that can end. */
export class FakeTrack extends EventTarget {
  readonly id = crypto.randomUUID();
  readonly kind: 'audio' | 'video';
  enabled = true;
  contentHint = '';
  readyState: 'live' | 'ended' = 'live';
  readonly #width: number;

  constructor(kind: 'audio' | 'video', width = 1280) {
    super();
    this.kind = kind;
    this.#width = width;
  }

  getSettings(): MediaTrackSettings {
    return { deviceId: 'fake', ...(this.kind === 'video' && { width: this.#width }) };
  }

  stop(): void {
    this.readyState = 'ended';
  }

  /** As when the device is unplugged. */
  end(): void {
    this.readyState = 'ended';
    this.dispatchEvent(new Event('ended'));
  }
}

/** A track where one is expected. */
export const fakeTrack = (kind: 'audio' | 'video', width?: number): MediaStreamTrack & FakeTrack =>
  // The part of a track that the SDK and mediasoup-client touch; the rest would be dead code.
  new FakeTrack(kind, width) as unknown as MediaStreamTrack & FakeTrack;

/** What of a sender encodings are switched by. */
export class FakeSender {
  readonly encodings: { active: boolean }[];
  /** How many changes are refused first. */
  failures = 0;
  changes = 0;

  constructor(encodings: number) {
    this.encodings = Array.from({ length: encodings }, () => ({ active: true }));
  }

  /** Which are on, as the browser would do it now. */
  get active(): boolean[] {
    return this.encodings.map(({ active }) => active);
  }

  getParameters(): RTCRtpSendParameters {
    const encodings = this.encodings.map((encoding) => ({ ...encoding }));
    return { encodings, transactionId: 't', codecs: [], headerExtensions: [], rtcp: {} };
  }

  async setParameters({ encodings }: RTCRtpSendParameters): Promise<void> {
    this.changes += 1;
    await Promise.resolve();
    this.failures -= 1;
    if (this.failures >= 0) throw new DOMException('negotiating', 'InvalidModificationError');
    for (const [index, encoding] of encodings.entries()) {
      this.encodings[index] = { active: encoding.active ?? true };
    }
  }
}

/** Transports of a device that can be driven: `handlers` and `senders` are in the order in which they were made. */
export function fakeDevices(sendsWell?: EncoderCheck): {
  devices: DeviceFactory;
  handlers: FakeHandler[];
  senders: FakeSender[];
} {
  const handlers: FakeHandler[] = [];
  const senders: FakeSender[] = [];
  const real = FakeHandler.createFactory(testFakeParameters);
  const handlerFactory: types.HandlerFactory = {
    ...real,
    factory: (options) => {
      const handler = real.factory(options);
      if (!(handler instanceof FakeHandler)) return handler;
      handlers.push(handler);
      const send = handler.send.bind(handler);
      handler.send = async (sendOptions) => {
        const sender = new FakeSender(sendOptions.encodings?.length ?? 1);
        senders.push(sender);
        // The part of a sender that is looked at.
        return { ...(await send(sendOptions)), rtpSender: sender as unknown as RTCRtpSender };
      };
      return handler;
    },
  };
  return {
    devices: {
      warmUp: () => undefined,
      createDevice: () => new Device({ handlerFactory }),
      ...(sendsWell && { sendsWell }),
    },
    handlers,
    senders,
  };
}
