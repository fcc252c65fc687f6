/**
 * Owns every setting: reads the environment and `.env`, parses by schema, lists all mistakes at once. The only reader of
 * `process.env`. Does not own what a setting does.
 */
import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { availableParallelism, homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import * as z from 'zod';

/** Zod's own messages are for programmers. */
function whole(min: number, max: number, what = 'a whole number') {
  const message = `must be ${what} from ${min} to ${max}`;
  return z.coerce.number(message).int(message).min(min, message).max(max, message);
}
const oneOf = <const T extends readonly string[]>(values: T) =>
  z.enum(values, `must be one of ${values.join(', ')}`);
const port = whole(0, 65_535, 'a port number');
const milliseconds = whole(0, 86_400_000, 'milliseconds');
const MAX_DAYS = 36_500;
const daysMessage = `must be a number of days, more than 0, at most ${MAX_DAYS}`;
const days = z.coerce.number(daysMessage).min(0.0001, daysMessage).max(MAX_DAYS, daysMessage);
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
);
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
  HOST: z.string().min(1).default('127.0.0.1'),
  PARLEY_HTTPS_PORT: port.default(3443),
  PARLEY_DATA_DIR: z.string().min(1).optional(),
  PARLEY_MEDIA_PORT: port.default(20000),
  PARLEY_MEDIA_WORKERS: whole(1, 256).default(availableParallelism()),
  PARLEY_ANNOUNCED_ADDRESS: z.string().min(1).optional(),
  PARLEY_TRUSTED_PROXIES: list
    .refine(
      (items) => items.every((item) => isIP(item.split('/')[0] ?? '') !== 0),
      'must be a comma-separated list of addresses or CIDR ranges',
    )
    .default([]),
  // Below the 20,000 open files that can be a hard cap.
  PARLEY_MAX_CONNECTIONS: whole(1, 10_000_000).default(15_000),
  // Generous: an office is one address, and a browser opens six connections for a page load.
  PARLEY_MAX_CONNECTIONS_PER_ADDRESS: whole(1, 10_000_000).default(512),
  PARLEY_CONNECT_BURST: whole(1, 10_000_000).default(1_000),
  PARLEY_CONNECT_RATE: whole(1, 1_000_000).default(100),
  PARLEY_ROLES: z
    .literal('all', 'unsupported: split roles do not work yet in this version; remove the setting')
    .default('all'),
  REDIS_URL: notYet('a cluster over Redis'),
  DATABASE_URL: notYet('another database than the embedded SQLite'),
  PARLEY_TLS_CERT: z.string().optional(),
  PARLEY_TLS_KEY: z.string().optional(),
  PARLEY_API_KEYS: ApiKeys.default(new Map()),
  PARLEY_GUESTS: oneOf(['on', 'off']).optional(),
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
  PARLEY_LOG_LEVEL: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  MEDIASOUP_WORKER_BIN: z.string().optional(),
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

/** All settings, parsed and frozen. Times in milliseconds unless the name says otherwise. */
export interface Config {
  readonly port: number;
  readonly host: string;
  readonly lan: boolean;
  readonly httpsPort: number;
  readonly dataDir: string;
  readonly mediaPort: number;
  readonly mediaWorkers: number;
  readonly announcedAddress: string | undefined;
  readonly trustedProxies: readonly string[];
  readonly connections: ConnectionLimits;
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** key -> secret. */
  readonly apiKeys: ReadonlyMap<string, string>;
  readonly guests: boolean;
  readonly turn: { readonly urls: readonly string[]; readonly secret: string | undefined };
  readonly roomEmptyTimeoutMs: number;
  readonly sessionGraceMs: number;
  readonly chatRetentionDays: number;
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
  const text = existsSync(envFile) ? readFileSync(envFile, 'utf8') : '';
  const fromFile = parseEnv(text);
  const given = Object.fromEntries(
    // An empty value is how a compose file or a shell says "not set".
    Object.entries({ ...fromFile, ...environment }).filter(
      ([, value]) => value !== undefined && value !== '',
    ),
  );
  const known = new Set(Object.keys(Settings.shape));
  const whence = (name: string) => (name in fromFile && !(name in environment) ? ` (in ${envFile})` : '');
  const problems = strayLines(text).map((line) => `${envFile}, line ${line}: must have the form NAME=value`);
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
  if (settings.PARLEY_TURN_URLS.some((url) => url.startsWith('turn')) && !settings.PARLEY_TURN_SECRET) {
    problems.push('PARLEY_TURN_SECRET: required with PARLEY_TURN_URLS (the static-auth-secret of coturn)');
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(toConfig(settings, argv.includes('--lan'), given));
}

/** Numbers of the lines that Node would skip without a word: neither a setting, nor a comment, nor inside quotes. */
function strayLines(envText: string): number[] {
  const withoutQuoted = envText.replace(
    /=[ \t]*(["'`])[\s\S]*?\1/g,
    (quoted) => `=${quoted.replace(/[^\n]/g, '')}`,
  );
  return withoutQuoted
    .split('\n')
    .flatMap((line, index) => (/^\s*(#|$|(export\s+)?[\w.-]+\s*=)/.test(line) ? [] : [index + 1]));
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
    announcedAddress: settings.PARLEY_ANNOUNCED_ADDRESS,
    trustedProxies: settings.PARLEY_TRUSTED_PROXIES,
    connections: {
      max: settings.PARLEY_MAX_CONNECTIONS,
      httpPerAddress: settings.PARLEY_MAX_CONNECTIONS_PER_ADDRESS,
      socketsPerAddress: { burst: settings.PARLEY_CONNECT_BURST, perSecond: settings.PARLEY_CONNECT_RATE },
    },
    tls: certFile && keyFile ? { certFile: resolve(certFile), keyFile: resolve(keyFile) } : undefined,
    apiKeys: settings.PARLEY_API_KEYS,
    guests: settings.PARLEY_GUESTS ? settings.PARLEY_GUESTS === 'on' : settings.PARLEY_API_KEYS.size === 0,
    turn: { urls: settings.PARLEY_TURN_URLS, secret: settings.PARLEY_TURN_SECRET },
    roomEmptyTimeoutMs: settings.PARLEY_ROOM_EMPTY_TIMEOUT_MS,
    sessionGraceMs: settings.PARLEY_SESSION_GRACE_MS,
    chatRetentionDays: settings.PARLEY_CHAT_RETENTION_DAYS,
    logLevel: settings.PARLEY_LOG_LEVEL,
    workerBin: settings.MEDIASOUP_WORKER_BIN,
  };
}
