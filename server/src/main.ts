/**
 * Owns the composition of the process: which parts there are, in which order they start and end, and what the operator reads.
 * Does not own any behaviour of a part.
 */

import { fileURLToPath } from 'node:url';
import { CallError } from '@parley/protocol';
import { deriveKey, loadDeploymentKey } from './auth/deploymentKey.ts';
import { DerivedIds } from './auth/ids.ts';
import { ResumeTokens } from './auth/ResumeTokens.ts';
import { SessionAuthenticator } from './auth/SessionAuthenticator.ts';
import { verifyApiToken } from './auth/verifyApiToken.ts';
import { ChatService } from './chat/ChatService.ts';
import { SqliteConversationStore } from './chat/SqliteConversationStore.ts';
import { type Clock, systemClock } from './clock.ts';
import { MemoryRoomLog } from './cluster/MemoryRoomLog.ts';
import { RedisClient } from './cluster/redis/RedisClient.ts';
import { RedisRoomLog } from './cluster/redis/RedisRoomLog.ts';
import { type Config, ConfigError, loadConfig } from './config.ts';
import { HttpServer } from './http/HttpServer.ts';
import type { ApiPort, Readiness } from './http/ports.ts';
import { StartError, systemErrorCode } from './http/StartError.ts';
import { createLogger, type Logger } from './log.ts';
import { MediaPlane } from './media/MediaPlane.ts';
import type { Placement } from './media/placement.ts';
import { QualityRecords } from './quality/QualityRecords.ts';
import { QualityService } from './quality/QualityService.ts';
import { refuseUpgrade } from './refuseUpgrade.ts';
import type { RoomKeeper, RoomKey, RoomLog } from './room/ports.ts';
import { RoomEngine } from './room/RoomEngine.ts';
import { SeatMedia } from './room/SeatMedia.ts';
import { RoomHub } from './signaling/RoomHub.ts';
import { defaultLimits, type SignalingLimits, SignalingServer } from './signaling/SignalingServer.ts';
import { iceServers } from './turn/credentials.ts';

/** A platform that runs. */
export interface RunningServer {
  readonly http: HttpServer;
  readonly media: MediaPlane;
  /** Sends everybody away, finishes what was accepted, ends the workers. Idempotent. */
  close(): Promise<void>;
}

/** What tests choose instead of the defaults. */
interface ServerChoices {
  readonly limits?: Partial<SignalingLimits> | undefined;
  /** On which worker a seat lives. */
  readonly placement?: Placement | undefined;
}

/** Where Vite puts the app. */
const WEB_ROOT = fileURLToPath(new URL('../../client/web/dist', import.meta.url));
/** A stop that takes longer is cut: supervisors kill at 10 s, and tests wait for 5 s. */
const STOP_LIMIT_MS = 4_500;
/** How long rooms lie in Redis after their last commit. */
const MIN_KEEP_MS = 10 * 60_000;

/**
 * Starts every part of the platform in this process.
 * @throws StartError, or a CallError, whose message is one line for the operator.
 */
export async function startServer(
  config: Config,
  log: Logger,
  { limits, placement }: ServerChoices = {},
): Promise<RunningServer> {
  const clock = systemClock;
  log.info(config.connections, 'limits of connections');
  log.info(config.roomLimits, 'limits of a room');
  if (config.workerBin === undefined) {
    throw new StartError(
      'MEDIASOUP_WORKER_BIN is not set: start with "npm start", which gets a media worker.',
    );
  }
  /** What has started, newest last; ended in the opposite order. */
  const ends: (() => void | Promise<void>)[] = [];
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= endAll(ends, log);
    return closing;
  };
  let signaling: SignalingServer | undefined;
  let api: ApiPort | undefined;
  let readiness = (): Readiness => ({ start: { ready: false, reason: 'starting' } });

  try {
    // First, because a taken port is the most likely thing to fail; until the rest is there it answers "not ready".
    const http = await HttpServer.create({
      config,
      log: log.child({ part: 'http' }),
      readiness: () => readiness(),
      api: () => api,
      onUpgrade: (request, socket, head, address) => {
        if (signaling) signaling.handleUpgrade(request, socket, head, address);
        else refuseUpgrade(socket, '503 Service Unavailable');
      },
      webRoot: WEB_ROOT,
    });
    ends.push(() => http.close());

    const deploymentKey = await loadDeploymentKey(config.dataDir).catch((error: unknown) => {
      throw dataFolderError(config.dataDir, error);
    });
    const store = await SqliteConversationStore.open({
      folder: config.dataDir,
      log: log.child({ part: 'chat' }),
    });
    ends.push(() => store.close());
    const { roomLog, inProgress, isReady } = await openRoomLog(
      config,
      clock,
      store,
      log.child({ part: 'rooms' }),
    );
    ends.push(() => roomLog.close());
    const hub = new RoomHub(roomLog, clock);
    const media = await MediaPlane.create({
      workerBin: config.workerBin,
      workers: config.mediaWorkers,
      mediaPort: config.mediaPort,
      announcedAddress: config.announcedAddress,
      host: config.host,
      loudest: config.loudest,
      log,
      ...(placement && { placement }),
      events: {
        moved: (peers) => {
          for (const { room, peerId } of peers) hub.toPeer(room, peerId, 'mediaMoved', {});
        },
        consumersClosed: ({ room, peerId }, consumerIds) =>
          hub.toPeer(room, peerId, 'consumersClosed', { consumerIds: [...consumerIds] }),
        activeSpeakers: (room, peerIds) => hub.moment(room, 'activeSpeakers', { peerIds: [...peerIds] }),
        audioPool: (room, publicationIds) =>
          hub.moment(room, 'audioPool', { publicationIds: [...publicationIds] }),
        encodingsWanted: ({ room, peerId }, { source, generation, active }) =>
          hub.toPeer(room, peerId, 'encodingsWanted', { source, generation, active: [...active] }),
        quality: (room, scores) => {
          const peers = [...scores].map(([peerId, score]) => ({ peerId, score }));
          hub.moment(room, 'peerQuality', { peers });
        },
      },
    });
    ends.push(() => media.close());

    // From here to onCallEnded nothing waits: calls that ran out meanwhile end soon.
    const chat = await ChatService.start({
      store,
      clock,
      log: log.child({ part: 'chat' }),
      emptyTimeoutMs: config.roomEmptyTimeoutMs,
      retentionDays: config.chatRetentionDays,
    });
    ends.push(() => chat.close());
    const engine = new RoomEngine({
      log: roomLog,
      media,
      calls: chat,
      clock,
      limits: config.roomLimits,
      videoCodecs: config.videoCodecs,
    });
    chat.onMessage((room, message) => hub.chatMessage(room, { message }));
    chat.onCallEnded((room) => {
      engine.callEnded(room).catch((error: unknown) => log.error({ err: error }, 'a room was not forgotten'));
    });
    const { qualityRetentionDays: retentionDays } = config;
    const records = new QualityRecords({ store, clock, log: log.child({ part: 'quality' }), retentionDays });
    ends.push(() => records.close());
    const quality = new QualityService({
      store,
      records,
      readRoom: (room) => engine.read(room),
      tell: (room, peerId, trouble) => hub.moment(room, 'peerTrouble', { peerId, trouble }),
      clock,
    });
    const replaceAbsentHosts = () => {
      for (const room of inProgress) {
        engine
          .replaceAbsentHost(room)
          .catch((error: unknown) => log.error({ err: error }, 'a room has no host'));
      }
    };
    ends.push(clock.setTimeout(replaceAbsentHosts, config.sessionGraceMs));
    const ids = new DerivedIds(deriveKey(deploymentKey, 'ids'));
    const resumeTokens = new ResumeTokens(deriveKey(deploymentKey, 'resume tokens'));
    const { apiKeys, guests } = config;
    signaling = new SignalingServer({
      authenticator: new SessionAuthenticator({ apiKeys, guests, ids, resumeTokens, clock }),
      graceMs: config.sessionGraceMs,
      limits: { ...defaultLimits, address: config.connections.socketsPerAddress, ...limits },
      services: {
        engine,
        seatMedia: new SeatMedia(engine, media),
        media,
        hub,
        chat,
        quality,
        ids,
        iceServers: ({ userId }) => iceServers(config.turn, userId, clock.now()),
        clock,
        log: log.child({ part: 'signaling' }),
      },
    });
    ends.push(() => signaling?.close());
    api = {
      authorize: (token, scope) => verifyApiToken(token, scope, apiKeys, clock.now()),
      quality: (query) => quality.read(query),
    };
    readiness = () => ({
      media: { ready: media.ready(), reason: 'no media worker lives' },
      chat: { ready: store.ready, reason: 'the database does not answer' },
      ...(config.redis && { rooms: { ready: isReady(), reason: 'Redis does not answer' } }),
    });
    return { http, media, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Rooms lie in Redis where one is named, else in this process; never in the one because the other does not answer. */
async function openRoomLog(
  config: Config,
  clock: Clock,
  keeper: RoomKeeper,
  log: Logger,
): Promise<{ roomLog: RoomLog; inProgress: readonly RoomKey[]; isReady: () => boolean }> {
  if (!config.redis) {
    const roomLog = await MemoryRoomLog.open(clock, keeper);
    return { roomLog, inProgress: roomLog.rooms(), isReady: () => true };
  }
  const client = await RedisClient.connect(config.redis, clock, log);
  // A room outlives its last member for as long as its call and their seats may.
  const keepMs = Math.max(MIN_KEEP_MS, config.roomEmptyTimeoutMs + config.sessionGraceMs + 60_000);
  try {
    const roomLog = await RedisRoomLog.open({ client, clock, log, keepMs });
    return { roomLog, inProgress: [], isReady: () => client.ready };
  } catch (error) {
    await client.close();
    throw error;
  }
}

/** The key is the first thing that the data folder is needed for. */
function dataFolderError(dataDir: string, error: unknown): unknown {
  const code = systemErrorCode(error);
  if (code === undefined) return error instanceof Error ? new StartError(error.message) : error;
  return new StartError(
    `PARLEY_DATA_DIR: cannot keep data in ${dataDir} (${code}); set it to a folder that this user may write.`,
  );
}

/** Signaling first, so that its close frames go out before HTTP waits for the sockets to end. */
async function endAll(ends: readonly (() => void | Promise<void>)[], log: Logger): Promise<void> {
  for (const end of ends.toReversed()) {
    try {
      await end();
    } catch (error) {
      log.error({ err: error }, 'a part did not end in order');
    }
  }
}

async function main(): Promise<void> {
  const config = loadConfig();
  const log = createLogger(config.logLevel);
  const server = await startServer(config, log);
  const stop = (signal: NodeJS.Signals) => {
    log.info({ signal }, 'stopping');
    setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref();
    void server.close().then(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  process.stdout.write(await greeting(config, server.http));
}

async function greeting(config: Config, http: HttpServer): Promise<string> {
  const lines = config.lan
    ? [await http.lanBanner()]
    : [addressOf(config.host, http.httpPort), ...http.certifiedAddresses()].map(
        (address) => `Parley runs at ${address}`,
      );
  if (config.apiKeys.size === 0) {
    lines.push(
      'Guest mode: no PARLEY_API_KEYS are set, so everybody who knows the name of a room can join it.',
    );
  }
  return `${lines.join('\n')}\n`;
}

/** `localhost` wherever it leads here: there browsers allow cameras without HTTPS. */
function addressOf(host: string, port: number): string {
  const local = ['127.0.0.1', '::1', '0.0.0.0', '::', 'localhost'].includes(host);
  const name = local ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}`;
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    const forOperator = [ConfigError, StartError, CallError].some((kind) => error instanceof kind);
    const text = error instanceof Error ? (forOperator ? error.message : error.stack) : String(error);
    process.stderr.write(`${text}\n`);
    process.exit(1);
  });
}
