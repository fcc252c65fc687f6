/**
 * Owns `npm run bench -- signaling`: a server on a core of its own, the figures of signaling at size in a few lines.
 * Does not judge: the issue and the README say what they should be.
 */
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { SignJWT } from 'jose';
import { ServerProcess } from '../../../server/test/support/serverProcess.ts';
import { percentile } from '../statistics.ts';
import { measureAudience, measureJoinCosts, measureStorm, type Subject } from './measure.ts';

const SECRET = 'bench-only-'.repeat(4);

/** Measures and prints. */
export async function printSignaling(): Promise<void> {
  const server = await ServerProcess.start({
    environment: {
      PARLEY_LOG_LEVEL: 'warn',
      PARLEY_MEDIA_WORKERS: '1',
      PARLEY_CONNECT_BURST: '100000',
      PARLEY_API_KEYS: `bench:${SECRET}`,
      PARLEY_GUESTS: 'on',
      PARLEY_MAX_SEATS: '1000',
    },
  });
  if (availableParallelism() > 1) {
    execFileSync('taskset', ['-acp', '0', String(server.pid)], { stdio: 'ignore' });
    execFileSync('taskset', ['-acp', '1', String(process.pid)], { stdio: 'ignore' });
  }
  const mint = (role: string) => (identity: string) =>
    new SignJWT({ role })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer('bench')
      .setSubject(identity)
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode(SECRET));
  const subject: Subject = {
    url: server.url,
    pid: server.pid,
    viewerToken: mint('viewer'),
    speakerToken: mint('speaker'),
  };
  const late = monitorEventLoopDelay({ resolution: 5 });
  late.enable();
  /** So that a generator which measured itself is seen. */
  const own = () => {
    const text = `the generator itself was late by ${Math.round(late.percentile(99) / 1e6)} ms (p99)`;
    late.reset();
    return text;
  };
  try {
    // The first ones of a process are slow everywhere: code that is not compiled yet.
    await measureStorm(subject, 100, 2_000);
    late.reset();
    const storm = await measureStorm(subject, 500, 5_000);
    console.log(
      `500 joins in 5 s, one room: a roster event is ${span(storm.lagsMs)} old on arrival; a join takes ${span(storm.joinsMs)}; the first member heard ${storm.messages} messages, ${kilobytes(storm.bytes)}; server CPU ${storm.serverCpuSeconds.toFixed(1)} s; ${own()}`,
    );
    const costs = await measureJoinCosts(subject, [2, 200, 500]);
    for (const { people, joinsMs, serverCpuMs, toJoinerBytes, toOthersBytes } of costs) {
      console.log(
        `A join beside ${people}: ${span(joinsMs)}; with its leave ${serverCpuMs.toFixed(1)} ms of server CPU; ${kilobytes(toJoinerBytes)} to the joiner, ${Math.round(toOthersBytes)} bytes to each other`,
      );
    }
    console.log(`While joining one by one ${own()}`);
    const audience = await measureAudience(subject, 1_000, 10_000);
    console.log(
      `1,000 viewers in 10 s beside 10 to 30 speakers: a speaker's arrival is ${span(audience.lagsMs)} old; a speaker heard ${audience.messages} messages, ${kilobytes(audience.bytes)}; server CPU ${audience.serverCpuSeconds.toFixed(1)} s; ${own()}`,
    );
  } finally {
    late.disable();
    await server.stop();
  }
}

const span = (timesMs: readonly number[]): string =>
  `${percentile(timesMs, 50)} ms (p50), ${percentile(timesMs, 95)} ms (p95), ${percentile(timesMs, 99)} ms (p99)`;

const kilobytes = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KB`;
