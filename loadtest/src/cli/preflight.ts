/**
 * Owns what is looked at before a single bot starts: does each server let us in, may we open enough files, may it.
 * Does not own the lookup of a server (run/targets.ts) nor of a browser (probe/).
 */
import { CallError, PROTOCOL_VERSION } from '@parley/protocol';
import { type TokenKey, tokenMint } from '../process/tokens.ts';
import { openFilesLimit } from '../run/proc.ts';
import type { Target } from '../run/targets.ts';
import { Line } from '../socket/Line.ts';
import { UsageError } from './UsageError.ts';

/** What a process has open before its first bot. */
const FILES_OF_A_PROCESS = 100;
/** More processes than this help nobody. */
const MAX_PROCESSES = 64;
/** Bots without media that one process serves well. */
const SOCKETS_PER_PROCESS = 20_000;

/** What a run will need. */
export interface Need {
  readonly bots: number;
  /** Open files of one bot. */
  readonly filesPerBot: number;
  /** As the person said; absent: as many as it takes, at least `atLeast`. */
  readonly processes: number | undefined;
  readonly atLeast: number;
}

/** How many processes to spread the bots over. @throws UsageError when their files do not suffice. */
export async function processesFor({ bots, filesPerBot, processes, atLeast }: Need): Promise<number> {
  const limit = await openFilesLimit('self');
  const room =
    limit === undefined ? SOCKETS_PER_PROCESS : Math.floor((limit - FILES_OF_A_PROCESS) / filesPerBot);
  const perProcess = Math.min(SOCKETS_PER_PROCESS, room);
  const least = perProcess > 0 ? Math.ceil(bots / perProcess) : Number.POSITIVE_INFINITY;
  const chosen = processes ?? Math.max(atLeast, least);
  if (chosen >= least && chosen <= MAX_PROCESSES) return chosen;
  const needed = FILES_OF_A_PROCESS + Math.ceil(bots / (processes ?? MAX_PROCESSES)) * filesPerBot;
  throw new UsageError(
    `${bots} bots need ${needed} open files in each of ${processes ?? MAX_PROCESSES} processes, and ${limit} are allowed here. ` +
      `Raise the limit (ulimit -n ${needed}), or ask for ${processes === undefined ? 'fewer bots' : 'more --processes'}.`,
  );
}

/** Whether a server on this machine may open as many files as there will be sockets. @throws UsageError */
export async function checkServerFiles(targets: readonly Target[], sockets: number): Promise<void> {
  const each = Math.ceil(sockets / targets.length);
  for (const { url, processes } of targets) {
    const server = processes[0];
    const limit = server && (await openFilesLimit(server.pid));
    if (limit === undefined || limit > each + FILES_OF_A_PROCESS) continue;
    throw new UsageError(
      `The server at ${url} may open ${limit} files and would get ${each} sockets. Start it with a higher limit (ulimit -n), or start more servers and name each with --url.`,
    );
  }
}

/** Says hello as a bot would. @throws UsageError that says how to be let in. */
export async function checkAdmission(
  { url, socketUrl }: Target,
  tokenKey: TokenKey | undefined,
): Promise<void> {
  let line: Line | undefined;
  try {
    line = await Line.open(socketUrl, undefined, { notified: () => {}, closed: () => {} });
    const token = await tokenMint(tokenKey)('load-preflight');
    await line.request('hello', { protocolVersion: PROTOCOL_VERSION, ...(token !== undefined && { token }) });
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    throw new UsageError(`${url}: ${advice(error, tokenKey !== undefined)}`);
  } finally {
    line?.close();
  }
}

function advice({ code, message, details }: CallError, withToken: boolean): string {
  if (code === 'unauthenticated' && !withToken) {
    return 'this server admits nobody without a token. Give --token-key KEY:SECRET, one of its PARLEY_API_KEYS.';
  }
  if (code === 'unauthenticated') {
    return `the token is refused (${details?.cause ?? message}). Check --token-key against PARLEY_API_KEYS of the server.`;
  }
  if (code === 'not-found') return 'something answers there, but it is no Parley. Check --url.';
  if (code === 'incompatible-version')
    return 'it speaks another version of the protocol. Use the load tool of its own version.';
  if (code === 'rate-limited')
    return 'it refuses more sockets from this address for now. Wait a minute, or raise its PARLEY_CONNECT_RATE.';
  if (/CERT|SELF_SIGNED|VERIFY/.test(message)) {
    return `its certificate is not trusted here (${message}). Name its authority: NODE_EXTRA_CA_CERTS=ca.pem.`;
  }
  return `it does not answer as a Parley does (${message}). Check --url, and that the server runs.`;
}
