/**
 * The exercise that a worker must pass: create a router and a WebRtcTransport, survive hostile RTP, and complete a real DTLS
 * handshake with a GCM cipher against node-datachannel, a native WebRTC peer (a development dependency; without it, none).
 * `node handshake.mjs <worker>` prints a Verification as JSON, or one line on stderr and exits 1.
 */
import mediasoup from 'mediasoup';
import { relayUdp } from './dtlsRelay.mjs';
import { sendHostilePacket } from './hostilePacket.mjs';

/** Generous, as in verify.mjs. */
const startLimitMs = 30_000;
const handshakeLimitMs = 60_000;
const hostilePacketLimitMs = 20_000;

/** SRTP protection profiles of RFC 7714, as they go over the wire. */
const gcmProfiles = new Map([
  [0x0007, 'AEAD_AES_128_GCM'],
  [0x0008, 'AEAD_AES_256_GCM'],
]);

/**
 * @param {string} path of the worker
 * @returns {Promise<import('./verify.mjs').Verification>}
 */
async function exerciseWorker(path) {
  const worker = await within(
    startLimitMs,
    'start',
    mediasoup.createWorker({ workerBin: path, logLevel: 'none' }),
  );
  const died = new Promise((_, reject) => {
    worker.once('died', (error) => reject(new Error(`it died during its check: ${error.message}`)));
  });
  died.catch(() => undefined);
  try {
    return await Promise.race([died, exercise(worker)]);
  } finally {
    worker.close();
  }
}

/**
 * @param {import('mediasoup').types.Worker} worker
 * @returns {Promise<import('./verify.mjs').Verification>}
 */
async function exercise(worker) {
  const router = await within(
    startLimitMs,
    'create a router',
    worker.createRouter({
      mediaCodecs: [{ kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2 }],
    }),
  );
  const transport = await within(
    startLimitMs,
    'create a transport',
    router.createWebRtcTransport({ listenInfos: [{ protocol: 'udp', ip: '127.0.0.1' }] }),
  );
  await within(hostilePacketLimitMs, 'take a hostile packet', sendHostilePacket(router));
  const datachannel = await import('node-datachannel').catch(() => undefined);
  if (!datachannel) {
    return {
      level: 'transport',
      detail: 'it starts and opens transports; no WebRTC peer here to try a handshake with',
    };
  }
  const profile = await within(
    handshakeLimitMs,
    'complete a DTLS handshake',
    shakeHands(transport, datachannel),
  );
  const name = gcmProfiles.get(profile);
  if (!name) throw new Error(`it negotiated SRTP profile ${profile} instead of a GCM one`);
  return { level: 'dtlsGcm', detail: `DTLS handshake completed with ${name}` };
}

/**
 * Connects a native peer through a relay that reads which SRTP profile the worker chose.
 * @param {import('mediasoup').types.WebRtcTransport} transport
 * @param {typeof import('node-datachannel')} datachannel
 * @returns {Promise<number>} the SRTP protection profile
 */
async function shakeHands(transport, datachannel) {
  const [candidate] = transport.iceCandidates;
  if (!candidate) throw new Error('the transport has no ICE candidate');
  const relay = await relayUdp(candidate.port);
  const peer = new datachannel.PeerConnection('verify', { iceServers: [], disableAutoNegotiation: true });
  try {
    const connected = new Promise((resolve, reject) => {
      transport.on('dtlsstatechange', (state) => {
        if (state === 'connected') resolve(undefined);
        if (state === 'failed') reject(new Error('the DTLS handshake failed'));
      });
    });
    const answered = new Promise((resolve) => {
      peer.onLocalDescription((sdp) => resolve(sdp));
    });
    peer.setRemoteDescription(offerSdp(transport, relay.port), /** @type {any} */ ('offer'));
    peer.setLocalDescription(/** @type {any} */ ('answer'));
    const fingerprint = /a=fingerprint:(\S+) (\S+)/.exec(await answered);
    if (!fingerprint?.[2]) throw new Error('the peer answered without a fingerprint');
    await transport.connect({
      // The peer is the DTLS client, so that the worker's ServerHello names the profile it chose.
      dtlsParameters: { role: 'client', fingerprints: [{ algorithm: 'sha-256', value: fingerprint[2] }] },
    });
    await connected;
    return await relay.srtpProfile;
  } finally {
    peer.close();
    relay.close();
  }
}

/**
 * The transport's parameters as an ice-lite offer with one audio section.
 * @param {import('mediasoup').types.WebRtcTransport} transport
 * @param {number} port where the peer shall send to
 * @returns {string}
 */
function offerSdp(transport, port) {
  const { iceParameters, dtlsParameters } = transport;
  const fingerprint = dtlsParameters.fingerprints.find(({ algorithm }) => algorithm === 'sha-256');
  if (!fingerprint) throw new Error('the transport has no SHA-256 fingerprint');
  return [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=ice-lite',
    'a=group:BUNDLE 0',
    `m=audio ${port} UDP/TLS/RTP/SAVPF 111`,
    'c=IN IP4 127.0.0.1',
    'a=mid:0',
    'a=sendrecv',
    'a=rtcp-mux',
    'a=rtpmap:111 opus/48000/2',
    `a=ice-ufrag:${iceParameters.usernameFragment}`,
    `a=ice-pwd:${iceParameters.password}`,
    `a=fingerprint:sha-256 ${fingerprint.value}`,
    'a=setup:passive',
    `a=candidate:1 1 udp 2130706431 127.0.0.1 ${port} typ host`,
    'a=end-of-candidates',
    '',
  ].join('\r\n');
}

/**
 * @template T
 * @param {number} limitMs
 * @param {string} what completes "it did not ..."
 * @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
async function within(limitMs, what, promise) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not ${what} within ${limitMs / 1000} s`)), limitMs);
  });
  try {
    return await Promise.race([promise, /** @type {Promise<never>} */ (late)]);
  } finally {
    clearTimeout(timer);
  }
}

try {
  process.stdout.write(JSON.stringify(await exerciseWorker(process.argv[2] ?? '')), () => process.exit(0));
} catch (error) {
  const line = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${line}\n`, () => process.exit(1));
}
