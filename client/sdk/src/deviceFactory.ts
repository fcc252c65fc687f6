/**
 * Owns making the mediasoup Device: what the browser can send and receive may be asked ahead, before anybody clicks "Join".
 * Does not own when (Call.prepare) nor what the device is loaded with (MediaSession).
 */
import { CallError } from '@parley/protocol';
import { type types as Client, Device, detectDevice } from 'mediasoup-client';
import { Chrome74 } from 'mediasoup-client/handlers/Chrome74';
import { Chrome111 } from 'mediasoup-client/handlers/Chrome111';
import { Firefox120 } from 'mediasoup-client/handlers/Firefox120';
import { Safari12 } from 'mediasoup-client/handlers/Safari12';
import { browserEncoders, type EncoderCheck } from './videoCodecs.ts';

/** Makes devices that share what was asked ahead. */
export interface DeviceFactory {
  /** Asks the browser now; the first RTCPeerConnection of a page costs a frame or two, which nobody notices here. */
  warmUp(): void;
  /** @throws CallError `unsupported` in a browser that mediasoup-client does not know. */
  createDevice(): Device;
  /** Absent: what a device can send it sends well. */
  readonly sendsWell?: EncoderCheck;
}

/** The factory of this browser. Throws nothing before it is used. */
export function browserDevices(): DeviceFactory {
  let handlerFactory: Client.HandlerFactory | undefined;
  const get = (): Client.HandlerFactory => {
    handlerFactory ??= rememberCapabilities(detectHandler());
    return handlerFactory;
  };
  return {
    warmUp() {
      try {
        const { getNativeRtpCapabilities } = get();
        for (const direction of ['recvonly', 'sendonly'] as const) {
          getNativeRtpCapabilities({ direction }).catch(() => undefined);
        }
      } catch {
        // Told when the device is really needed.
      }
    },
    createDevice: () => new Device({ handlerFactory: get() }),
    sendsWell: browserEncoders(),
  };
}

function detectHandler(): Client.HandlerFactory {
  switch (detectDevice()) {
    case 'Chrome111':
      return Chrome111.createFactory({});
    case 'Chrome74':
      return Chrome74.createFactory({});
    case 'Firefox120':
      return Firefox120.createFactory({});
    case 'Safari12':
      return Safari12.createFactory({});
    default:
      throw new CallError('unsupported', 'This browser cannot take part in calls');
  }
}

/** Each answer costs a peer connection and an offer, and does not change while the page lives. */
function rememberCapabilities(handler: Client.HandlerFactory): Client.HandlerFactory {
  const known = new Map<string, Promise<Client.RtpCapabilities>>();
  return {
    ...handler,
    getNativeRtpCapabilities: (options) => {
      const before = known.get(options.direction);
      if (before) return before;
      const asked = handler.getNativeRtpCapabilities(options);
      known.set(options.direction, asked);
      // A failure may pass; it is not remembered.
      asked.catch(() => known.delete(options.direction));
      return asked;
    },
  };
}
