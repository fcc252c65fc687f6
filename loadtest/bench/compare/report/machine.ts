/**
 * Owns describing the machine that figures come from: hardware, system, versions, commit.
 * Does not own figures.
 */
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { version } from 'mediasoup';
import * as z from 'zod';
import { workerBin } from '../../../../server/test/support/workerBin.ts';
import type { Machine } from './result.ts';

/** As the worker's set-up leaves it beside the binary. */
const Provenance = z.object({ way: z.string(), libraries: z.record(z.string(), z.string()).optional() });

export async function describeMachine(): Promise<Machine> {
  const janus = /^Version: (\S+)/m.exec(output('dpkg', ['--status', 'janus']) ?? '')?.[1];
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    system: /^PRETTY_NAME="?([^"\n]*)/m.exec(await textOf('/etc/os-release'))?.[1] ?? 'unknown',
    node: process.version,
    mediasoup: version,
    worker: await describeWorker(),
    ...(janus !== undefined && { janus }),
  };
}

/** The commit, with a plus where files that count have been changed since. */
export function currentCommit(): string {
  const commit = output('git', ['rev-parse', '--short', 'HEAD']);
  const changed = output('git', ['status', '--porcelain', '--', 'server', 'client/sdk']);
  return commit === undefined ? 'unknown' : `${commit}${changed ? '+' : ''}`;
}

async function describeWorker(): Promise<string> {
  const text = await textOf(join(dirname(await workerBin()), 'provenance.json'));
  const provenance = Provenance.safeParse(text === '' ? undefined : JSON.parse(text));
  if (!provenance.success) return 'a worker of its own';
  const { way, libraries } = provenance.data;
  const { openssl, libsrtp } = libraries ?? {};
  return [
    `worker by ${way}`,
    ...(openssl ? [`OpenSSL ${openssl}`] : []),
    ...(libsrtp ? [`libsrtp ${libsrtp}`] : []),
  ].join(', ');
}

const textOf = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '');

function output(command: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}
