/**
 * Checks the worker binary that set-up obtained: a DTLS handshake with GCM, RTP from one native WebRTC peer to another, every
 * SRTP suite, its provenance record, and mediasoup's prebuilt way with this very binary. Ways in isolation: server/worker.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { RtpParameters } from '@parley/protocol';
import { createWorker, type types } from 'mediasoup';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Provenance } from '../../worker/cache.mjs';
import { obtainWorker } from '../../worker/obtain.mjs';
import { recipeHash } from '../../worker/recipe.mjs';
import { archiveWith } from '../../worker/testSupport.ts';
import { verifyWorker } from '../../worker/verify.mjs';
import { RtcPeer } from '../support/rtcPeer.ts';
import { opusPacket, opusParameters, parseRtp } from '../support/rtp.ts';

/** A build on two busy cores, where neither the cache nor a prebuilt has a worker. */
const buildLimitMs = 25 * 60_000;
const audioSsrc = 1234;
const mediaCodecs: types.RouterRtpCodecCapability[] = [
  { kind: 'audio', mimeType: 'audio/opus', preferredPayloadType: 111, clockRate: 48000, channels: 2 },
];
const mediasoupDir = fileURLToPath(new URL('../../../node_modules/mediasoup', import.meta.url));
const listenInfo: types.TransportListenInfo = { protocol: 'udp', ip: '127.0.0.1' };

let workerPath: string;

beforeAll(async () => {
  // Set-up hands its worker over as MEDIASOUP_WORKER_BIN; this suite is about the one that it obtained.
  const { MEDIASOUP_WORKER_BIN: _, ...env } = process.env;
  workerPath = (await obtainWorker({ env })).path;
}, buildLimitMs);

describe('the obtained worker', () => {
  let worker: types.Worker;
  let router: types.Router;
  const peers: RtcPeer[] = [];

  beforeEach(async () => {
    worker = await createWorker({ workerBin: workerPath });
    router = await worker.createRouter({ mediaCodecs });
  });

  afterEach(() => {
    for (const peer of peers.splice(0)) peer.close();
    worker.close();
  });

  /** A native peer, connected to a transport of its own. */
  async function connect(transport: types.WebRtcTransport, direction: 'send' | 'recv', rtp: RtpParameters) {
    const { id, iceParameters, iceCandidates, dtlsParameters } = transport;
    const info = { transportId: id, iceParameters, iceCandidates, dtlsParameters };
    const peer = await RtcPeer.create(info, [{ kind: 'audio', direction, rtpParameters: rtp }]);
    peers.push(peer);
    await transport.connect({ dtlsParameters: peer.dtlsParameters });
    await peer.connected();
    return peer;
  }

  it('passes RTP from one peer to another, over DTLS and SRTP on both sides', async () => {
    const [sendTransport, recvTransport] = await Promise.all([
      router.createWebRtcTransport({ listenInfos: [listenInfo] }),
      router.createWebRtcTransport({ listenInfos: [listenInfo] }),
    ]);
    const rtpParameters = opusParameters(audioSsrc);
    const producer = await sendTransport.produce({ kind: 'audio', rtpParameters });
    const consumer = await recvTransport.consume({
      producerId: producer.id,
      rtpCapabilities: router.rtpCapabilities,
    });
    const consumerSsrc = consumer.rtpParameters.encodings![0]!.ssrc!;
    const receiver = await connect(recvTransport, 'recv', opusParameters(consumerSsrc));
    const sender = await connect(sendTransport, 'send', rtpParameters);
    const stop = sender.sendEach('0', (n) => opusPacket(audioSsrc, n));
    try {
      const { ssrc, payload } = parseRtp(await receiver.nextPacket());
      expect(ssrc).toBe(consumerSsrc);
      expect(payload.toString()).toMatch(/^opus 1234 \d+$/);
    } finally {
      stop();
    }
    expect(worker.died).toBe(false);
  });

  it.each<types.SrtpCryptoSuite>([
    'AEAD_AES_256_GCM',
    'AEAD_AES_128_GCM',
    'AES_CM_128_HMAC_SHA1_80',
    'AES_CM_128_HMAC_SHA1_32',
  ])('protects and unprotects with %s', async (srtpCryptoSuite) => {
    const options = { listenInfo, rtcpMux: true, enableSrtp: true, srtpCryptoSuite };
    const source = await router.createDirectTransport();
    const [near, far] = await Promise.all([
      router.createPlainTransport(options),
      router.createPlainTransport(options),
    ]);
    const addressOf = ({ tuple, srtpParameters }: types.PlainTransport) => ({
      ip: tuple.localAddress,
      port: tuple.localPort,
      srtpParameters: srtpParameters!,
    });
    await Promise.all([near.connect(addressOf(far)), far.connect(addressOf(near))]);

    // source -> (producer) -> near ==SRTP==> far -> (producer) -> sink
    const produced = await source.produce({ kind: 'audio', rtpParameters: opusParameters(audioSsrc) });
    const outgoing = await near.consume({
      producerId: produced.id,
      rtpCapabilities: router.rtpCapabilities,
    });
    const incoming = await far.produce({ kind: 'audio', rtpParameters: outgoing.rtpParameters });
    const sink = await source.consume({
      producerId: incoming.id,
      rtpCapabilities: router.rtpCapabilities,
    });
    const arrived = new Promise<Buffer>((resolve) => sink.on('rtp', (packet) => resolve(packet)));
    let sequenceNumber = 0;
    const timer = setInterval(() => produced.send(opusPacket(audioSsrc, ++sequenceNumber)), 20);
    try {
      expect(parseRtp(await arrived).payload.toString()).toMatch(/^opus 1234 \d+$/);
    } finally {
      clearInterval(timer);
    }
  });
});

it('completes a DTLS handshake with a GCM cipher', async () => {
  expect(await verifyWorker(workerPath)).toEqual({
    level: 'dtlsGcm',
    detail: expect.stringMatching(/^DTLS handshake completed with AEAD_AES_(128|256)_GCM$/),
  });
});

it('without a native peer (a production install) it still checks that transports open, and says so', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'parley-production-'));
  try {
    for (const name of ['handshake.mjs', 'dtlsRelay.mjs', 'hostilePacket.mjs']) {
      await cp(new URL(`../../worker/${name}`, import.meta.url), join(dir, name));
    }
    await mkdir(join(dir, 'node_modules'));
    await symlink(mediasoupDir, join(dir, 'node_modules', 'mediasoup'));
    const run = promisify(execFile)(process.execPath, [join(dir, 'handshake.mjs'), workerPath]);
    expect(JSON.parse((await run).stdout)).toEqual({
      level: 'transport',
      detail: expect.stringContaining('no WebRTC peer here'),
    });
  } finally {
    await rm(dir, { recursive: true });
  }
});

it('has a provenance record beside it that names what was built, by which recipe and of what', async () => {
  const record: Provenance = JSON.parse(await readFile(join(dirname(workerPath), 'provenance.json'), 'utf8'));
  const { version } = JSON.parse(await readFile(join(mediasoupDir, 'package.json'), 'utf8'));
  expect(record).toMatchObject({
    way: expect.stringMatching(/^(build|prebuilt)$/),
    mediasoupVersion: version,
    recipeHash: await recipeHash(),
    architecture: process.arch,
    verification: 'dtlsGcm',
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect(Date.parse(record.createdAt)).toBeLessThanOrEqual(Date.now());
  if (record.way === 'build') {
    expect(Object.keys(record.libraries).sort()).toEqual([
      'abseil',
      'flatbuffers',
      'libsrtp',
      'libuv',
      'openssl',
    ]);
    // Statically linked: nothing that a machine without development packages would lack.
    const runtime = /^(lib(c|m|gcc_s|stdc\+\+|dl|pthread|rt)\.so|ld-linux)/;
    expect(record.sharedLibraries.filter((name) => !runtime.test(name))).toEqual(
      record.libraries.libsrtp!.includes('OpenSSL') ? [] : ['libsrtp2.so.1'],
    );
  }
});

describe("mediasoup's prebuilt, with a real worker", () => {
  let cacheDir: string;

  beforeAll(async () => {
    cacheDir = await mkdtemp(join(tmpdir(), 'parley-prebuilt-'));
  });

  afterAll(() => rm(cacheDir, { recursive: true, force: true }));

  it('is verified by a handshake before it is cached', async () => {
    const archive = archiveWith('mediasoup-worker', await readFile(workerPath));
    const server = createServer((_, response) => response.end(archive)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { MEDIASOUP_WORKER_BIN: _, ...rest } = process.env;
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const env = { ...rest, MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL: url };
      const build = () => Promise.reject(new Error('this must not build'));
      const { path, way } = await obtainWorker({ env, cacheDir, build });
      expect(way).toBe('prebuilt');
      const record: Provenance = JSON.parse(await readFile(join(dirname(path), 'provenance.json'), 'utf8'));
      expect(record).toMatchObject({ way: 'prebuilt', verification: 'dtlsGcm' });
    } finally {
      server.close();
    }
  });
});
