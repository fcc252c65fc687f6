/**
 * Runs mediasoup without anything around it: one worker, and a WebSocket that hands parameters through. Started by bareMediasoup.ts.
 *
 * `like-parley`: settings and consumers as Parley has them (one router for all, one port, RTX for Opus too), so that what Parley costs
 * above this is Parley. `naive`: a router per room and a port per transport, as tutorials do it.
 */
import { once } from 'node:events';
import { createWorker, type types } from 'mediasoup';
import { type WebSocket, WebSocketServer } from 'ws';
import { workerBin } from '../../../../server/test/support/workerBin.ts';
import { host } from './host.ts';
import { type AskData, AskFrame, type AskName, type AskReply, asks } from './mediasoupWire.ts';

/** As Parley's (server/src/media/Seat.ts, listenInfos.ts). */
const INITIAL_OUTGOING_BITRATE_BPS = 1_000_000;
const SOCKET_BUFFER_BYTES = 1024 * 1024;

const mediaCodecs: types.RouterRtpCodecCapability[] = [
  {
    kind: 'audio',
    mimeType: 'audio/opus',
    clockRate: 48_000,
    channels: 2,
    parameters: { useinbandfec: 1, usedtx: 1 },
  },
  { kind: 'video', mimeType: 'video/VP8', clockRate: 90_000 },
];

interface Room {
  readonly router: types.Router;
  readonly producers: Set<types.Producer>;
}

/** How the two of them differ. */
interface Manner {
  router(): Promise<types.Router>;
  transport(router: types.Router): Promise<types.WebRtcTransport>;
  readonly enableRtx: boolean | undefined;
}

async function likeParley(worker: types.Worker, ip: string): Promise<Manner> {
  const webRtcServer = await worker.createWebRtcServer({
    listenInfos: [
      { protocol: 'udp', ip, recvBufferSize: SOCKET_BUFFER_BYTES, sendBufferSize: SOCKET_BUFFER_BYTES },
      { protocol: 'tcp', ip },
    ],
  });
  const router = await worker.createRouter({ mediaCodecs });
  return {
    router: () => Promise.resolve(router),
    transport: () =>
      router.createWebRtcTransport({
        webRtcServer,
        enableUdp: true,
        enableTcp: true,
        preferUdp: true,
        initialAvailableOutgoingBitrate: INITIAL_OUTGOING_BITRATE_BPS,
      }),
    enableRtx: true,
  };
}

const naive = (worker: types.Worker, ip: string): Manner => ({
  router: () => worker.createRouter({ mediaCodecs }),
  transport: (router) =>
    router.createWebRtcTransport({
      listenInfos: [{ protocol: 'udp', ip }],
      initialAvailableOutgoingBitrate: INITIAL_OUTGOING_BITRATE_BPS,
    }),
  enableRtx: undefined,
});

type Answers = { [N in AskName]: (data: AskData<N>) => Promise<AskReply<N>> };

/** What one socket has in the worker. */
class Client {
  readonly answers: Answers;
  readonly #transports = new Map<
    string,
    { transport: types.WebRtcTransport; capabilities: types.RtpCapabilities }
  >();
  readonly #consumers = new Map<string, types.Consumer>();

  constructor(manner: Manner, roomOf: (name: string) => Promise<Room>) {
    let room: Room | undefined;
    const here = (): Room => room ?? fail('not joined');
    const transportOf = (id: string) => this.#transports.get(id) ?? fail(`no transport ${id}`);
    this.answers = {
      join: async ({ room: name }) => {
        room = await roomOf(name);
        return {
          rtpCapabilities: asks.join.reply.shape.rtpCapabilities.parse(room.router.rtpCapabilities),
          producers: [...room.producers].map(({ id, kind }) => ({ producerId: id, kind })),
        };
      },
      createTransport: async ({ rtpCapabilities }) => {
        const transport = await manner.transport(here().router);
        this.#transports.set(transport.id, { transport, capabilities: rtpCapabilities });
        const { id: transportId, iceParameters, iceCandidates, dtlsParameters } = transport;
        return { transportId, iceParameters, iceCandidates, dtlsParameters };
      },
      connect: async ({ transportId, dtlsParameters }) => {
        await transportOf(transportId).transport.connect({ dtlsParameters });
        return {};
      },
      produce: async ({ transportId, kind, rtpParameters }) => {
        const { producers } = here();
        const producer = await transportOf(transportId).transport.produce({ kind, rtpParameters });
        producers.add(producer);
        producer.observer.once('close', () => producers.delete(producer));
        return { producerId: producer.id };
      },
      consume: async ({ transportId, producerId, spatialLayer }) => {
        const { transport, capabilities } = transportOf(transportId);
        const consumer = await transport.consume({
          producerId,
          rtpCapabilities: capabilities,
          paused: true,
          enableRtx: manner.enableRtx,
          ...(spatialLayer !== undefined && { preferredLayers: { spatialLayer } }),
        });
        this.#consumers.set(consumer.id, consumer);
        return {
          consumerId: consumer.id,
          kind: consumer.kind,
          rtpParameters: asks.consume.reply.shape.rtpParameters.parse(consumer.rtpParameters),
        };
      },
      resume: async ({ consumerId }) => {
        await (this.#consumers.get(consumerId) ?? fail(`no consumer ${consumerId}`)).resume();
        return {};
      },
    };
  }

  close(): void {
    for (const { transport } of this.#transports.values()) transport.close();
  }
}

function fail(message: string): never {
  throw new Error(message);
}

async function answer<N extends AskName>(answers: Answers, name: N, data: unknown): Promise<unknown> {
  const handler: Answers[N] = answers[name];
  const schema: { parse(input: unknown): unknown } = asks[name].data;
  // By the schema of the same name.
  return await handler(schema.parse(data) as AskData<N>);
}

function serve(socket: WebSocket, client: Client): void {
  socket.on('message', (bytes) => {
    const { id, name, data } = AskFrame.parse(JSON.parse(String(bytes)));
    answer(client.answers, name, data).then(
      (ok) => socket.send(JSON.stringify({ id, ok })),
      (error: unknown) => socket.send(JSON.stringify({ id, error: String(error) })),
    );
  });
  socket.on('close', () => client.close());
}

const [address = '127.0.0.1', manners = 'naive'] = process.argv.slice(2);

await host(async () => {
  const worker = await createWorker({ workerBin: await workerBin(), logLevel: 'error' });
  const manner = manners === 'like-parley' ? await likeParley(worker, address) : naive(worker, address);
  const rooms = new Map<string, Promise<Room>>();
  const roomOf = (name: string): Promise<Room> => {
    const known = rooms.get(name);
    if (known) return known;
    const room = manner.router().then((router) => ({ router, producers: new Set<types.Producer>() }));
    rooms.set(name, room);
    return room;
  };
  const server = new WebSocketServer({ host: address, port: 0 });
  await once(server, 'listening');
  server.on('connection', (socket) => serve(socket, new Client(manner, roomOf)));
  const listensOn = server.address();
  if (listensOn === null || typeof listensOn === 'string') throw new Error('no port');
  return {
    listening: {
      url: `ws://${address}:${listensOn.port}`,
      pids: { media: [worker.pid], node: [process.pid] },
    },
    stop: async () => {
      const ended = once(worker, 'subprocessclose');
      worker.close();
      server.close();
      await ended;
    },
  };
});
