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
  new FakeTrack(kind, width) as unknown as MediaStreamTrack & FakeTrack;

/** A device whose transports can be driven: `handlers` has them in the order in which they were made. */
export function fakeDevices(sendsWell?: EncoderCheck): {
  devices: DeviceFactory;
  handlers: FakeHandler[];
} {
  const handlers: FakeHandler[] = [];
  const real = FakeHandler.createFactory(testFakeParameters);
  const handlerFactory: types.HandlerFactory = {
    ...real,
    factory: (options) => {
      const handler = real.factory(options);
      if (handler instanceof FakeHandler) handlers.push(handler);
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
  };
}
