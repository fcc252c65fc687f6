/**
 * What an operator reads when the process starts, and when it cannot: one line that names the cause and the setting.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serverCertificate } from '../../src/http/localCa.ts';
import { ServerProcess } from '../support/serverProcess.ts';
import { testKey } from '../support/tokens.ts';
import { workerBin } from '../support/workerBin.ts';

const mainFile = new URL('../../src/main.ts', import.meta.url).pathname;

let server: ServerProcess;
beforeAll(async () => {
  server = await ServerProcess.start();
});
afterAll(() => server.stop());

/** Runs a start that is expected to fail. */
async function failedStart(settings: Record<string, string | undefined>, args: readonly string[] = []) {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, PARLEY_MEDIA_PORT: '0', ...settings };
  return new Promise<{ code: unknown; stderr: string; stdout: string }>((resolve) => {
    execFile(process.execPath, [mainFile, ...args], { env, timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ code: error?.code, stderr: stderr.trim(), stdout }),
    );
  });
}

describe('a start', () => {
  test('prints the address and, without keys, that it is in guest mode', () => {
    expect(server.output).toContain(`Parley runs at http://localhost:${server.port}`);
    expect(server.output).toContain('Guest mode: no PARLEY_API_KEYS are set');
  });

  test('with keys says nothing of guests, and never prints a secret', async () => {
    const environment = { PARLEY_API_KEYS: `${testKey.key}:${testKey.secret}`, PARLEY_LOG_LEVEL: 'trace' };
    const withKeys = await ServerProcess.start({ environment });
    expect(withKeys.output).toContain('Parley runs at');
    expect(withKeys.output).not.toContain('Guest mode');
    expect(withKeys.output).not.toContain(testKey.secret);
    await withKeys.stop();
  });
});

describe('a start with a certificate', () => {
  test('prints the name that it is for', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'parley-start-'));
    await serverCertificate(folder, ['parley.lan'], 'box', new Date());
    const secure = await ServerProcess.start({
      environment: {
        PARLEY_TLS_CERT: join(folder, 'tls', 'server.crt'),
        PARLEY_TLS_KEY: join(folder, 'tls', 'server.key'),
        PARLEY_HTTPS_PORT: '0',
      },
    });
    expect(secure.output).toContain(`Parley runs at http://localhost:${secure.port}\n`);
    expect(secure.output).toMatch(/Parley runs at https:\/\/parley\.lan:\d+\n/);
    await secure.stop();
    await rm(folder, { recursive: true });
  });
});

describe('a start that fails', () => {
  test('for a taken port says which, and which setting to change', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const address = blocker.address();
    const port = typeof address === 'object' ? String(address?.port) : '';
    const result = await failedStart({
      PORT: port,
      PARLEY_DATA_DIR: server.dataDir,
      MEDIASOUP_WORKER_BIN: await workerBin(),
    });
    blocker.close();
    expect(result.code).toBe(1);
    expect(result.stderr.split('\n')).toHaveLength(1);
    expect(result.stderr).toMatch(new RegExp(`^Port ${port} is taken.*\\bPORT\\b`));
  });

  test('for a data folder that another process has says so', async () => {
    const result = await failedStart({
      PORT: '0',
      PARLEY_DATA_DIR: server.dataDir,
      MEDIASOUP_WORKER_BIN: await workerBin(),
    });
    expect(result.code).toBe(1);
    expect(result.stderr.split('\n')).toHaveLength(1);
    expect(result.stderr).toContain(server.dataDir);
  });

  test('for a data folder that cannot be one says so', async () => {
    const result = await failedStart({
      PORT: '0',
      PARLEY_DATA_DIR: join(server.dataDir, 'deployment.key'),
      MEDIASOUP_WORKER_BIN: await workerBin(),
    });
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/^PARLEY_DATA_DIR: cannot keep data in .*deployment\.key \(E[A-Z]+\); .*$/);
  });

  test('for mistakes in the settings lists them all', async () => {
    const result = await failedStart({ PORT: '99999', PARLEY_TYPO: '1', REDIS_URL: 'x' }, ['--wan']);
    expect(result.code).toBe(1);
    for (const name of ['PORT', 'PARLEY_TYPO', 'REDIS_URL', '--wan']) expect(result.stderr).toContain(name);
    expect(result.stderr).not.toContain('    at ');
  });

  test('for a missing worker names the way to get one', async () => {
    const result = await failedStart({ PORT: '0', PARLEY_DATA_DIR: `${server.dataDir}-other` });
    expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining('npm start') });
    expect(result.stderr.split('\n')).toHaveLength(1);
  });
});
