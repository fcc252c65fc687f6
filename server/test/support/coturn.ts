/**
 * Owns a real coturn for a test: Debian's binary, started by itself with the configuration that turn/ generates.
 * Does not own a system service: nothing is installed, enabled or left behind.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { turnserverConf } from '../../../turn/turnserverConf.ts';
import { lanAddresses } from '../../src/http/lan.ts';
import { TurnClient } from './turnClient.ts';

const TEMPLATE = new URL('../../../turn/turnserver.conf.template', import.meta.url);
const START_LIMIT_MS = 10_000;

/** What a test may change. */
export interface CoturnOptions {
  /** As PARLEY_TURN_SECRET. */
  readonly secret: string;
  /** Where it listens and relays from; the first is in the URLs. Default: 127.0.0.1. */
  readonly listeningIps?: readonly string[];
  readonly relayIps?: readonly string[];
  /** Addresses of media nodes. Default: every address of this machine, loopback included. */
  readonly peers?: readonly string[];
  /** Off only to see that loopback is out of reach in production. Default: true, as media nodes of tests are on loopback. */
  readonly allowLoopbackPeers?: boolean;
}

/** A running coturn. */
export interface Coturn {
  /** For PARLEY_TURN_URLS: UDP and TCP. */
  readonly urls: readonly string[];
  readonly host: string;
  readonly port: number;
  /** Everything it printed so far. */
  log(): string;
  stop(): Promise<void>;
}

/** Starts coturn on a free port and waits until it answers. */
export async function startCoturn(options: CoturnOptions): Promise<Coturn> {
  const binary = ['/usr/bin/turnserver', '/usr/local/bin/turnserver'].find((path) => existsSync(path));
  if (binary === undefined) {
    throw new Error('coturn is missing: apt-get install -y --no-install-recommends coturn');
  }
  const { secret, listeningIps = ['127.0.0.1'], allowLoopbackPeers = true } = options;
  const [host = '127.0.0.1'] = listeningIps;
  const port = await freePort(host);
  const bracketed = host.includes(':') ? `[${host}]` : host;
  const urls = ['udp', 'tcp'].map((transport) => `turn:${bracketed}:${port}?transport=${transport}`);
  const conf = turnserverConf(await readFile(TEMPLATE, 'utf8'), {
    urls,
    secret,
    peers: options.peers ?? ['127.0.0.1', '::1', ...lanAddresses()],
    listeningIps,
    relayIps: options.relayIps ?? listeningIps,
    minPort: 49_160,
    maxPort: 49_660,
    allowLoopbackPeers,
  });
  const folder = await mkdtemp(join(tmpdir(), 'parley-coturn-'));
  const file = join(folder, 'turnserver.conf');
  // Debian's defaults for these two lie in folders that only the service may write.
  await writeFile(file, `${conf}\npidfile=${join(folder, 'pid')}\nuserdb=${join(folder, 'users')}\n`, {
    mode: 0o600,
  });
  const child = spawn(binary, ['-c', file, '--verbose'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (printed += chunk));
  const stop = async () => {
    await end(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await answering(host, port, child);
  } catch (error) {
    await stop();
    throw new Error(`coturn did not start:\n${printed}`, { cause: error });
  }
  return { urls, host, port, log: () => printed, stop };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  // SIGKILL: it has nothing to save, and its orderly end takes seconds.
  child.kill('SIGKILL');
  await exited;
}

async function freePort(host: string): Promise<number> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.bind(0, host);
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

/** The first answer to a request without credentials; the client repeats it until then, as STUN over UDP does. */
async function answering(host: string, port: number, child: ChildProcess): Promise<void> {
  const client = await TurnClient.create({ host, port, timeoutMs: START_LIMIT_MS });
  const died = once(child, 'exit').then(() => {
    throw new Error('coturn ended');
  });
  try {
    await Promise.race([client.allocate(), died]);
  } finally {
    client.close();
    died.catch(() => undefined);
  }
}
