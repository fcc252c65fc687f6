/**
 * Owns every setting: takes the environment and `.env`, parses by schema, lists all mistakes at once. The only reader of
 * `process.env`. Does not own how `.env` is written (envFile.ts), nor what a setting does.
 */
import { isIP } from 'node:net';
import { availableParallelism, homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { VideoCodec } from '@parley/protocol';
import * as z from 'zod';
import { readEnvFile } from './envFile.ts';
import { parseRange } from './http/clientAddress.ts';
import { parseRedisUrl, type RedisSettings } from './redisUrl.ts';

/** Digits only, because `Number` takes a blank for 0, which is a port number with a meaning. */
function whole(min: number, max: number, what = 'a whole number') {
  // Zod's own messages are for programmers.
  const message = `must be ${what} from ${min} to ${max}`;
  return z
    .string()
    .trim()
    .regex(/^\d{1,15}$/, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message);
}
const word = z.string().trim().min(1, 'must not be blank');
const oneOf = <const T extends readonly string[]>(values: T) =>
  z.enum(values, `must be one of ${values.join(', ')}`);
const MAX_PORT = 65_535;
const port = whole(0, MAX_PORT, 'a port number');
const milliseconds = whole(0, 86_400_000, 'milliseconds');
const MAX_DAYS = 36_500;
const daysMessage = `must be a number of days, more than 0, at most ${MAX_DAYS}`;
const days = z
  .string()
  .trim()
  .regex(/^\d{1,9}(\.\d+)?$/, daysMessage)
  .transform(Number)
  .refine((value) => value >= 0.0001 && value <= MAX_DAYS, daysMessage);
const list = z
  .string()
  .transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean),
  )
  // Somebody meant to set it: going on as if not could open the rooms to guests.
  .refine((items) => items.length > 0, 'must not be blank');
// RFC 1123; a last label of digits only would be read as an IPv4 address.
const HOST_NAME =
  /^(?=.{1,253}$)(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)*(?!\d+\.?$)[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.?$/i;
/** What a process can do for the others. */
const ROLES = ['signaling', 'media'] as const;
export type NodeRole = (typeof ROLES)[number];
const notYet = (what: string) =>
  z.undefined(`unsupported: ${what} does not work yet in this version; remove the setting`).optional();

const ApiKeys = list.transform((items, context) => {
  const keys = new Map<string, string>();
  for (const [index, item] of items.entries()) {
    const colon = item.indexOf(':');
    const key = item.slice(0, colon);
    const secret = item.slice(colon + 1);
    // The secret itself is never part of a message.
    if (colon < 1) context.addIssue(`entry ${index + 1} must have the form key:secret`);
    else if (!/^[A-Za-z0-9_-]{1,64}$/.test(key))
      context.addIssue(`entry ${index + 1}: the key may have letters, digits, - and _`);
    else if (key === 'default') context.addIssue(`entry ${index + 1}: "default" is the tenant of guests`);
    else if (Buffer.byteLength(secret) < 32)
      context.addIssue(
        `the secret of key "${key}" must have at least 32 bytes; make one with: openssl rand -hex 32`,
      );
    else if (keys.has(key)) context.addIssue(`key "${key}" is given twice`);
    else keys.set(key, secret);
  }
  return keys;
});

const Settings = z.object({
  PORT: port.default(3000),
  HOST: word.default('127.0.0.1'),
  PARLEY_HTTPS_PORT: port.default(3443),
  PARLEY_DATA_DIR: word.optional(),
  PARLEY_MEDIA_PORT: port.default(20000),
  PARLEY_MEDIA_WORKERS: whole(1, 256).default(availableParallelism()),
  PARLEY_LOUDEST: whole(1, 10).default(3),
  PARLEY_ANNOUNCED_ADDRESS: word
    .refine(
      (text) => (isIP(text) !== 0 && !text.includes('%')) || HOST_NAME.test(text),
      'must be an IP address or a host name, without a port',
    )
    .optional(),
  PARLEY_TRUSTED_PROXIES: list
    .refine(
      (items) => items.every((item) => parseRange(item) !== undefined),
      'must be a comma-separated list of addresses or CIDR ranges',
    )
    .default([]),
  // Below the 20,000 open files that can be a hard cap.
  PARLEY_MAX_CONNECTIONS: whole(1, 10_000_000).default(15_000),
  // Generous: an office is one address, and a browser opens six connections for a page load.
  PARLEY_MAX_CONNECTIONS_PER_ADDRESS: whole(1, 10_000_000).default(512),
  PARLEY_CONNECT_BURST: whole(1, 10_000_000).default(1_000),
  PARLEY_CONNECT_RATE: whole(1, 1_000_000).default(100),
  // Measured up to here: a joiner is sent the whole list, and everybody's page draws from it.
  PARLEY_MAX_SEATS: whole(1, 100_000).default(500),
  // Nobody's list grows by them, but each one's join copies the table of all (MemoryRoomLog): 2.5 ms at 5,000.
  PARLEY_MAX_VIEWERS: whole(0, 1_000_000).default(1_000),
  PARLEY_ROLES: list
    .pipe(z.array(oneOf(ROLES)))
    .transform((roles) => new Set(roles))
    .default(new Set(ROLES)),
  PARLEY_CLUSTER_SECRET: z
    .string()
    .refine(
      (secret) => Buffer.byteLength(secret) >= 32,
      'must have at least 32 bytes; make one with: openssl rand -hex 32',
    )
    .optional(),
  PARLEY_NODE_ID: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,40}$/, 'must have 1 to 40 letters, digits, - and _')
    .optional(),
  PARLEY_REGION: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,40}$/, 'must have 1 to 40 letters, digits, - and _')
    .default('default'),
  PARLEY_RPC_HOST: word.default('127.0.0.1'),
  PARLEY_RPC_PORT: port.default(7400),
  PARLEY_RPC_ADDRESS: word
    .refine(
      (text) => isIP(text) !== 0 || HOST_NAME.test(text),
      'must be an IP address or a host name, without a port',
    )
    .optional(),
  REDIS_URL: z
    .string()
    .transform((text, context) => {
      const parsed = parseRedisUrl(text);
      if (typeof parsed !== 'string') return parsed;
      context.addIssue(parsed);
      return z.NEVER;
    })
    .optional(),
  DATABASE_URL: notYet('another database than the embedded SQLite'),
  PARLEY_TLS_CERT: word.optional(),
  PARLEY_TLS_KEY: word.optional(),
  PARLEY_API_KEYS: ApiKeys.default(new Map()),
  PARLEY_GUESTS: oneOf(['on', 'off']).optional(),
  PARLEY_VIDEO_CODECS: list
    .transform((names) => names.map((name) => name.toLowerCase()))
    .pipe(
      z
        .array(oneOf(VideoCodec.options))
        .refine((names) => new Set(names).size === names.length, 'must not name a codec twice'),
    )
    .default(['vp8']),
  PARLEY_TURN_URLS: list
    .refine(
      (urls) => urls.every((url) => /^(turns?|stun):[^\s]+$/.test(url)),
      'must be a comma-separated list of turn:, turns: or stun: URLs',
    )
    .default([]),
  PARLEY_TURN_SECRET: z.string().min(16, 'must have at least 16 characters').optional(),
  PARLEY_ROOM_EMPTY_TIMEOUT_MS: milliseconds.default(60_000),
  PARLEY_SESSION_GRACE_MS: milliseconds.default(30_000),
  PARLEY_CHAT_RETENTION_DAYS: days.default(30),
  PARLEY_QUALITY_RETENTION_DAYS: days.default(30),
  PARLEY_LOG_LEVEL: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  MEDIASOUP_WORKER_BIN: word.optional(),
});

/** How many connections there may be, and how fast they may come. */
export interface ConnectionLimits {
  /** All connections together, WebSockets included. */
  readonly max: number;
  /** HTTP connections of one address that are open; a WebSocket stops counting here when it is upgraded. */
  readonly httpPerAddress: number;
  /** New WebSockets of one address. */
  readonly socketsPerAddress: { readonly burst: number; readonly perSecond: number };
}

/** How a process takes part in a cluster. */
export interface ClusterSettings {
  readonly secret: string;
  /** Undefined: the one in the data folder, made at the first start. */
  readonly nodeId: string | undefined;
  readonly region: string;
  /** Where other nodes are listened to, and the address that they are told (undefined: found out from `host`). */
  readonly rpc: { readonly host: string; readonly port: number; readonly address: string | undefined };
}

/** All settings, parsed and frozen. Times in milliseconds unless the name says otherwise. */
export interface Config {
  readonly port: number;
  readonly host: string;
  readonly lan: boolean;
  readonly httpsPort: number;
  readonly dataDir: string;
  readonly mediaPort: number;
  readonly mediaWorkers: number;
  /** How many microphones each listener hears: the loudest. */
  readonly loudest: number;
  readonly announcedAddress: string | undefined;
  readonly trustedProxies: readonly string[];
  readonly connections: ConnectionLimits;
  /** How many may sit in one room, and how many more may watch. */
  readonly roomLimits: { readonly seats: number; readonly viewers: number };
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** key -> secret. */
  readonly apiKeys: ReadonlyMap<string, string>;
  readonly guests: boolean;
  /** In which order of preference calls begin. */
  readonly videoCodecs: readonly VideoCodec[];
  readonly turn: { readonly urls: readonly string[]; readonly secret: string | undefined };
  readonly roomEmptyTimeoutMs: number;
  readonly sessionGraceMs: number;
  readonly chatRetentionDays: number;
  readonly qualityRetentionDays: number;
  readonly roles: ReadonlySet<NodeRole>;
  /** Undefined: this process is all there is. */
  readonly cluster: ClusterSettings | undefined;
  /** Where rooms lie; undefined: in the memory of this process. */
  readonly redis: RedisSettings | undefined;
  readonly logLevel: string;
  readonly workerBin: string | undefined;
}

/** Every mistake in the settings, one line each; never contains a secret's value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(
      `The settings have ${problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`}:\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
    );
    this.problems = problems;
  }
}

/**
 * Reads the settings: the environment wins over `.env` in the working directory.
 * @param argv arguments after the script's name; the only one is `--lan`.
 * @throws ConfigError with all mistakes.
 */
export function loadConfig(
  argv: readonly string[] = process.argv.slice(2),
  environment: NodeJS.ProcessEnv = process.env,
  envFile = resolve('.env'),
): Config {
  const { settings: fromFile, problems } = readEnvFile(envFile);
  const given = Object.fromEntries(
    // An empty value is how a compose file or a shell says "not set".
    Object.entries({ ...fromFile, ...environment }).filter(
      ([, value]) => value !== undefined && value !== '',
    ),
  );
  const known = new Set(Object.keys(Settings.shape));
  const whence = (name: string) => (name in fromFile && !(name in environment) ? ` (in ${envFile})` : '');
  problems.push(
    ...Object.keys(given)
      .filter((key) => key.startsWith('PARLEY_') && !known.has(key))
      .map((key) => `${key}: unknown setting${whence(key)}; the README lists all`),
    ...argv
      .filter((argument) => argument !== '--lan')
      .map((argument) => `${argument}: unknown option (the only one is --lan)`),
  );
  const parsed = Settings.safeParse(given);
  if (!parsed.success) {
    problems.push(
      ...parsed.error.issues.map(({ path, message }) => {
        const name = path.join('.');
        return `${name}: ${message}${whence(name)}`;
      }),
    );
    throw new ConfigError(problems);
  }
  const settings = parsed.data;
  if (!settings.PARLEY_TLS_CERT !== !settings.PARLEY_TLS_KEY) {
    problems.push('PARLEY_TLS_CERT and PARLEY_TLS_KEY: give both or none');
  }
  const { PARLEY_MEDIA_PORT: firstPort, PARLEY_MEDIA_WORKERS: workers } = settings;
  const lastPort = firstPort + workers - 1;
  if (firstPort > 0 && lastPort > MAX_PORT) {
    problems.push(
      `PARLEY_MEDIA_PORT: one port for each of ${workers} workers would go up to ${lastPort}, beyond ${MAX_PORT}${whence('PARLEY_MEDIA_PORT')}`,
    );
  }
  if (settings.PARLEY_TURN_URLS.some((url) => url.startsWith('turn')) && !settings.PARLEY_TURN_SECRET) {
    problems.push('PARLEY_TURN_SECRET: required with PARLEY_TURN_URLS (the static-auth-secret of coturn)');
  }
  if (settings.REDIS_URL && !settings.PARLEY_CLUSTER_SECRET) {
    problems.push(
      'PARLEY_CLUSTER_SECRET: required with REDIS_URL, the same for all nodes; make one with: openssl rand -hex 32',
    );
  }
  if (settings.PARLEY_ROLES.size < ROLES.length) {
    problems.push(
      settings.REDIS_URL
        ? 'PARLEY_ROLES: unsupported: nodes with one role do not work yet in this version; remove the setting'
        : 'PARLEY_ROLES: nodes with one role find each other by Redis; set REDIS_URL',
    );
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(toConfig(settings, argv.includes('--lan'), given));
}

function toConfig(
  settings: z.infer<typeof Settings>,
  lan: boolean,
  given: Record<string, string | undefined>,
): Config {
  const { PARLEY_TLS_CERT: certFile, PARLEY_TLS_KEY: keyFile } = settings;
  // Asked for only when it matters: a container's user may have no home at all.
  const defaultDataDir = () => join(given.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'parley');
  return {
    port: settings.PORT,
    host: lan && given.HOST === undefined ? '::' : settings.HOST,
    lan,
    httpsPort: settings.PARLEY_HTTPS_PORT,
    dataDir: resolve(settings.PARLEY_DATA_DIR ?? defaultDataDir()),
    mediaPort: settings.PARLEY_MEDIA_PORT,
    mediaWorkers: settings.PARLEY_MEDIA_WORKERS,
    loudest: settings.PARLEY_LOUDEST,
    announcedAddress: settings.PARLEY_ANNOUNCED_ADDRESS,
    trustedProxies: settings.PARLEY_TRUSTED_PROXIES,
    connections: {
      max: settings.PARLEY_MAX_CONNECTIONS,
      httpPerAddress: settings.PARLEY_MAX_CONNECTIONS_PER_ADDRESS,
      socketsPerAddress: { burst: settings.PARLEY_CONNECT_BURST, perSecond: settings.PARLEY_CONNECT_RATE },
    },
    roomLimits: { seats: settings.PARLEY_MAX_SEATS, viewers: settings.PARLEY_MAX_VIEWERS },
    tls: certFile && keyFile ? { certFile: resolve(certFile), keyFile: resolve(keyFile) } : undefined,
    apiKeys: settings.PARLEY_API_KEYS,
    guests: settings.PARLEY_GUESTS ? settings.PARLEY_GUESTS === 'on' : settings.PARLEY_API_KEYS.size === 0,
    videoCodecs: settings.PARLEY_VIDEO_CODECS,
    turn: { urls: settings.PARLEY_TURN_URLS, secret: settings.PARLEY_TURN_SECRET },
    roomEmptyTimeoutMs: settings.PARLEY_ROOM_EMPTY_TIMEOUT_MS,
    sessionGraceMs: settings.PARLEY_SESSION_GRACE_MS,
    chatRetentionDays: settings.PARLEY_CHAT_RETENTION_DAYS,
    qualityRetentionDays: settings.PARLEY_QUALITY_RETENTION_DAYS,
    roles: settings.PARLEY_ROLES,
    cluster: clusterOf(settings),
    redis: settings.REDIS_URL,
    logLevel: settings.PARLEY_LOG_LEVEL,
    workerBin: settings.MEDIASOUP_WORKER_BIN,
  };
}

function clusterOf(settings: z.infer<typeof Settings>): ClusterSettings | undefined {
  const {
    REDIS_URL,
    PARLEY_CLUSTER_SECRET: secret,
    PARLEY_NODE_ID: nodeId,
    PARLEY_REGION: region,
  } = settings;
  if (!REDIS_URL || secret === undefined) return undefined;
  const rpc = {
    host: settings.PARLEY_RPC_HOST,
    port: settings.PARLEY_RPC_PORT,
    address: settings.PARLEY_RPC_ADDRESS,
  };
  return { secret, nodeId, region, rpc };
}
