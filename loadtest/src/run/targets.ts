/**
 * Owns where the load goes: each `--url` as sockets and pages need it, whether it is this machine, and that it answers.
 * Does not own what is wrong with a server that answers (cli/preflight.ts).
 */
import { lookup } from 'node:dns/promises';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { UsageError } from '../cli/UsageError.ts';
import { type ServerProcess, serverProcesses } from './ServerWatch.ts';

const CONNECT_LIMIT_MS = 5000;

/** A server under test. */
export interface Target {
  /** As the person named it. */
  readonly url: string;
  /** `ws://127.0.0.1:3000/ws`. */
  readonly socketUrl: string;
  /** Bots may come from 127.0.0.2, .3 and so on. */
  readonly loopback: boolean;
  /** Of a server on this machine. */
  readonly processes: readonly ServerProcess[];
}

/** Looks a server up and sees that its port is open. @throws UsageError */
export async function resolveTarget(url: URL): Promise<Target> {
  const secure = url.protocol === 'https:' || url.protocol === 'wss:';
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  const name = url.hostname.replace(/^\[|\]$/g, '');
  const shown = `${secure ? 'https' : 'http'}://${url.host}${basePath(url)}`;
  const address = await reachableAddress(name, port, shown);
  const loopback = /^127\./.test(address);
  const local = loopback || address === '::1' || ownAddresses().has(address);
  // A certificate is for a name; everything else may use the address that answered, looked up once instead of per bot.
  const host = secure ? url.host : `${address.includes(':') ? `[${address}]` : address}:${port}`;
  return {
    url: shown,
    socketUrl: `${secure ? 'wss' : 'ws'}://${host}${basePath(url)}/ws`,
    loopback,
    processes: local ? await serverProcesses(port) : [],
  };
}

/** `/ws` is where the socket is; people may name it or leave it out. */
const basePath = (url: URL): string => url.pathname.replace(/\/(ws)?\/?$/, '');

async function reachableAddress(name: string, port: number, shown: string): Promise<string> {
  const found = await lookup(name, { all: true }).catch(() => {
    throw new UsageError(`${shown}: there is no host "${name}". Check --url.`);
  });
  // IPv4 first: only there loopback has many addresses.
  const addresses = found.sort((a, b) => a.family - b.family).map(({ address }) => address);
  let cause = '';
  for (const address of addresses) {
    try {
      await canConnect(address, port);
      return address;
    } catch (error) {
      cause = error instanceof Error && 'code' in error ? String(error.code) : 'no answer';
    }
  }
  throw new UsageError(
    `${shown} cannot be reached (${cause}). Start Parley there (npm start), or name another server with --url.`,
  );
}

function canConnect(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: CONNECT_LIMIT_MS });
    const end = (finish: () => void) => {
      socket.destroy();
      finish();
    };
    socket.once('connect', () => end(resolve));
    socket.once('timeout', () => end(() => reject(new Error('no answer'))));
    socket.once('error', (error) => end(() => reject(error)));
  });
}

const ownAddresses = (): Set<string> =>
  new Set(Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address)));
