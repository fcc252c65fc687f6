/**
 * Owns a peer of the bare mediasoup server: mediasoup-client on the same native stack as the bots of Parley, without the SDK.
 * Does not own media (src/bot) nor the server's side (contenders/mediasoupHost.ts).
 */
import { Device, type types } from 'mediasoup-client';
import { WebSocket } from 'ws';
import { BotTrack } from '../../../src/bot/BotTrack.ts';
import { nativeHandlerFactory } from '../../../src/bot/NativeHandler.ts';
import type { IncomingStream } from '../../../src/bot/rtp/IncomingStream.ts';
import { PAGE } from '../cases.ts';
import { AnswerFrame, type AskData, type AskName, type AskReply, asks } from '../contenders/mediasoupWire.ts';
import { type Connect, figuresOf, firstFrameOf, type PeerOptions } from './Peer.ts';

/** As the SDK publishes a camera. */
const CAMERA_ENCODINGS: types.RtpEncodingParameters[] = [
  { scaleResolutionDownBy: 4, maxBitrate: 120_000, scalabilityMode: 'L1T3' },
  { scaleResolutionDownBy: 2, maxBitrate: 400_000, scalabilityMode: 'L1T3' },
  { scaleResolutionDownBy: 1, maxBitrate: 1_700_000, scalabilityMode: 'L1T3' },
];

/** The smallest layer is as large as a tile of the page. */
const PAGE_LAYER = 0;

/** Asks over a socket that is open. */
export class AskSocket {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, { resolve: (ok: unknown) => void; reject: (error: Error) => void }>();
  #nextId = 0;

  static async open(url: string, localAddress: string): Promise<AskSocket> {
    const socket = new WebSocket(url, { localAddress, perMessageDeflate: false });
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return new AskSocket(socket);
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (bytes) => {
      const frame = AnswerFrame.parse(JSON.parse(String(bytes)));
      const waiting = this.#waiting.get(frame.id);
      this.#waiting.delete(frame.id);
      if ('error' in frame) waiting?.reject(new Error(frame.error));
      else waiting?.resolve(frame.ok);
    });
    socket.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the server closed the socket'));
    });
  }

  async ask<N extends AskName>(name: N, data: AskData<N>): Promise<AskReply<N>> {
    const ok = await new Promise<unknown>((resolve, reject) => {
      this.#nextId += 1;
      this.#waiting.set(this.#nextId, { resolve, reject });
      this.#socket.send(JSON.stringify({ id: this.#nextId, name, data }));
    });
    // By the schema of the same name.
    return asks[name].reply.parse(ok) as AskReply<N>;
  }

  close(): void {
    this.#socket.close();
  }
}

export const connectToMediasoup: Connect = async (options) => {
  const { url, room, localAddress, publish, subscribe } = options;
  const socket = await AskSocket.open(url, localAddress);
  const streams: IncomingStream[] = [];
  const device = new Device({ handlerFactory: handlerFactory(options, streams) });
  const { rtpCapabilities, producers } = await socket.ask('join', { room });
  await device.load({ routerRtpCapabilities: forDevice<types.RtpCapabilities>(rtpCapabilities) });
  const own = new Set<string>();
  const connect = async (direction: 'send' | 'recv'): Promise<types.Transport> => {
    const info = await socket.ask('createTransport', {
      rtpCapabilities: asks.createTransport.data.shape.rtpCapabilities.parse(device.recvRtpCapabilities),
    });
    const { transportId, ...rest } = info;
    const how = { id: transportId, ...rest };
    const transport =
      direction === 'send' ? device.createSendTransport(how) : device.createRecvTransport(how);
    transport.on('connect', ({ dtlsParameters }, done, failed) => {
      socket
        .ask('connect', { transportId, dtlsParameters: dtlsParametersOf(dtlsParameters) })
        .then(done, failed);
    });
    transport.on('produce', ({ kind, rtpParameters }, done, failed) => {
      const asked = asks.produce.data.shape.rtpParameters.parse(rtpParameters);
      socket.ask('produce', { transportId, kind, rtpParameters: asked }).then(({ producerId }) => {
        own.add(producerId);
        done({ id: producerId });
      }, failed);
    });
    return transport;
  };

  const transports: types.Transport[] = [];
  // As the SDK: both ways at once.
  const receiving = subscribe ? connect('recv') : undefined;
  if (publish.audio || publish.video) {
    const sending = await connect('send');
    transports.push(sending);
    if (publish.audio) await sending.produce({ track: new BotTrack('audio') });
    if (publish.video) {
      const track = new BotTrack('video', { width: 1280 });
      await sending.produce({ track, encodings: structuredClone(CAMERA_ENCODINGS) });
    }
  }
  const spatialLayer = options.layout === 'page' ? PAGE_LAYER : undefined;
  const consume = async (transport: types.Transport, producerId: string): Promise<void> => {
    const { consumerId, kind, rtpParameters } = await socket.ask('consume', {
      transportId: transport.id,
      producerId,
      ...(spatialLayer !== undefined && { spatialLayer }),
    });
    await transport.consume({ id: consumerId, producerId, kind, rtpParameters: forDevice(rtpParameters) });
    await socket.ask('resume', { consumerId });
  };
  return {
    subscribe: async () => {
      if (!receiving) return;
      const transport = await receiving;
      transports.push(transport);
      // Who came later published later.
      const known = own.size > 0 ? (await socket.ask('join', { room })).producers : producers;
      const wanted =
        options.layout === 'page'
          ? [...nextCameras(known, own).slice(0, PAGE.tiles), ...firstMics(known, own)]
          : known.map(({ producerId }) => producerId).filter((id) => !own.has(id));
      await Promise.all(wanted.map((id) => consume(transport, id)));
    },
    tracks: () => streams.map(figuresOf),
    firstFrameMs: () => firstFrameOf(streams),
    leave: () => {
      for (const transport of transports) transport.close();
      socket.close();
      return Promise.resolve();
    },
  };
};

type Producers = AskReply<'join'>['producers'];

const idsOf = (producers: Producers, kind: 'audio' | 'video'): string[] =>
  producers.filter((producer) => producer.kind === kind).map(({ producerId }) => producerId);

/** Others' cameras, beginning behind the own one and round to the first: cut anywhere, each is consumed by as many. */
function nextCameras(producers: Producers, own: ReadonlySet<string>): string[] {
  const ids = idsOf(producers, 'video');
  const at = ids.findIndex((id) => own.has(id));
  return [...ids.slice(at + 1), ...ids.slice(0, Math.max(0, at))];
}

/** Those who came first talk (LoadRun); everybody hears them, and they each other. */
const firstMics = (producers: Producers, own: ReadonlySet<string>): string[] =>
  idsOf(producers, 'audio')
    .filter((id) => !own.has(id))
    .slice(0, PAGE.loudest);

/** Parsed already; mediasoup-client's types differ from the wire's in small print, as in the SDK. */
const forDevice = <T extends object>(parsed: object): T => parsed as T;

const dtlsParametersOf = (parameters: unknown): AskData<'connect'>['dtlsParameters'] =>
  asks.connect.data.shape.dtlsParameters.parse(parameters);

const handlerFactory = (
  { media, localAddress, talks }: PeerOptions,
  streams: IncomingStream[],
): types.HandlerFactory =>
  nativeHandlerFactory({
    media,
    speech: { seed: 1, pattern: talks ? 'continuous' : 'silent' },
    localAddress,
    observer: {
      connected: () => {},
      sendSession: () => {},
      receiveSession: () => {},
      streamOpened: (_track, stream) => {
        streams.push(stream);
        stream.video?.setExpected(true, performance.now());
      },
    },
  });
