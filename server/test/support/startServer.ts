/**
 * Owns a Parley server inside the test's process: free ports, a data folder of its own, real workers.
 * Does not own servers that are killed (serverProcess.ts) nor clients (SignalingClient.ts).
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config.ts';
import { createLogger } from '../../src/log.ts';
import { type RunningServer, startServer } from '../../src/main.ts';
import type { SignalingLimits } from '../../src/signaling/SignalingServer.ts';
import { workerBin } from './workerBin.ts';

/** A server with what a test needs to reach it and to look inside. */
export interface TestServer {
  readonly url: string;
  readonly running: RunningServer;
  readonly dataDir: string;
  /** Log lines so far, one object each. */
  readonly logLines: Record<string, unknown>[];
  /** Ends the server and removes its data folder, unless that was given. */
  stop(): Promise<void>;
}

/** What a test may choose. */
export interface TestServerOptions {
  /** Settings as in the environment. */
  readonly settings?: Record<string, string>;
  readonly limits?: Partial<SignalingLimits>;
  /** Kept when the server stops, for a second one. */
  readonly dataDir?: string;
}

/** Starts a server on the loopback address. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'parley-test-')));
  const config = loadConfig(
    [],
    {
      PORT: '0',
      PARLEY_MEDIA_PORT: '0',
      PARLEY_MEDIA_WORKERS: '1',
      PARLEY_DATA_DIR: dataDir,
      PARLEY_LOG_LEVEL: 'debug',
      MEDIASOUP_WORKER_BIN: await workerBin(),
      // Set by a test file that runs another one's tests with the rooms in Redis.
      PARLEY_CLUSTER_SECRET: 'the secret of all nodes in the tests',
      ...(process.env.PARLEY_TEST_REDIS_URL && { REDIS_URL: process.env.PARLEY_TEST_REDIS_URL }),
      ...options.settings,
    },
    join(dataDir, '.env'),
  );
  const logLines: Record<string, unknown>[] = [];
  const log = createLogger(config.logLevel, { write: (line) => void logLines.push(JSON.parse(line)) });
  const running = await startServer(config, log, { limits: options.limits });
  return {
    url: `ws://127.0.0.1:${running.http.httpPort}/ws`,
    running,
    dataDir,
    logLines,
    stop: async () => {
      await running.close();
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    },
  };
}
