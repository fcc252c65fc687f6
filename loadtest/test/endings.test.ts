/**
 * How the tool ends: with which code, with which words, and with nothing left running.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ServerProcess } from '../../server/test/support/serverProcess.ts';
import { testKey } from '../../server/test/support/tokens.ts';
import { isAlive, loadtest, RunningTool } from './support/loadtest.ts';

let server: ServerProcess;
beforeAll(async () => {
  server = await ServerProcess.start({
    environment: { PARLEY_API_KEYS: `${testKey.key}:${testKey.secret}`, PARLEY_MEDIA_WORKERS: '1' },
  });
});
afterAll(() => server.stop());
const here = () => ['--url', server.url, '--token-key', `${testKey.key}:${testKey.secret}`];

/** One line on stderr, nothing else, exit code 2. */
function refusal({ code, stdout, stderr }: Awaited<ReturnType<typeof loadtest>>): string {
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^[^\n]+\n$/);
  return stderr;
}

describe.concurrent('bad input is one line with what to do, and exit code 2', () => {
  test('an unknown scenario', async () => {
    expect(refusal(await loadtest('medai'))).toContain('Did you mean media?');
  });

  test('a server that is not there', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const address = blocker.address();
    const port = typeof address === 'object' ? address?.port : 0;
    blocker.close();
    await once(blocker, 'close');
    const said = refusal(await loadtest('chat', '--url', `http://localhost:${port}`));
    expect(said).toBe(
      `http://localhost:${port} cannot be reached (ECONNREFUSED). Start Parley there (npm start), or name another server with --url.\n`,
    );
  });

  test('a host that does not exist', async () => {
    expect(refusal(await loadtest('chat', '--url', 'http://nobody.invalid'))).toContain(
      'no host "nobody.invalid"',
    );
  });

  test('something else than a Parley', async () => {
    const other = createServer((_request, response) => response.writeHead(404).end()).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' ? address?.port : 0;
    expect(refusal(await loadtest('chat', '--url', `http://localhost:${port}`))).toContain('it is no Parley');
    other.closeAllConnections();
    other.close();
  });

  test('no token where one is needed', async () => {
    expect(refusal(await loadtest('chat', '--url', server.url))).toContain('Give --token-key KEY:SECRET');
  });

  test('a wrong token', async () => {
    const said = refusal(await loadtest('chat', '--url', server.url, '--token-key', 'acme:not-the-secret'));
    expect(said).toContain('the token is refused (bad-signature). Check --token-key against PARLEY_API_KEYS');
    expect(said).not.toContain('not-the-secret');
  });

  test('too few open files', async () => {
    const tool = new RunningTool(['sockets', ...here(), '--sockets', '19000'], 'ulimit -n 300;');
    const said = refusal(await tool.ended());
    expect(said).toMatch(/19000 bots need \d+ open files in each of 64 processes, and 300 are allowed here/);
    expect(said).toContain('ulimit -n');
  });

  test('no Chromium', async () => {
    const said = refusal(await loadtest('probe', ...here(), '--chromium', '/nowhere/chromium'));
    expect(said).toContain(
      '/nowhere/chromium is no program that can be run. Install one (Debian: apt-get install chromium)',
    );
  });

  test('a report that could not be written', async () => {
    expect(refusal(await loadtest('chat', ...here(), '--json', '/nowhere/report.json'))).toContain('ENOENT');
  });
});

describe('the end', () => {
  test('an assertion that fails is named, and the exit code is 1', async () => {
    const { code, stderr, stdout } = await loadtest(
      ...['sockets', ...here(), '--sockets', '3', '--duration', '1'],
      ...['--assert', 'socketsHeld==3', '--assert', 'socketsHeld>3'],
    );
    expect(code).toBe(1);
    expect(stderr).toContain('Assertion failed: socketsHeld>3 (3)\n');
    expect(stdout).toMatch(/holds {3}socketsHeld==3 .*\n {2}FAILED {2}socketsHeld>3/);
  });

  test('Ctrl-C still reports, with 130, and no bot is left', async () => {
    const tool = new RunningTool(['sockets', ...here(), '--sockets', '20', '--duration', '600']);
    await tool.until(/hold +20 bots/);
    const bots = await tool.bots();
    expect(bots.filter(isAlive).length).toBe(1);
    tool.kill('SIGINT');
    const { code, stdout } = await tool.ended();
    expect(code).toBe(130);
    expect(stdout).toMatch(/interrupted\n\n {2}sockets held \/ asked for +20 \/ 20\n/);
    expect(bots.filter(isAlive)).toEqual([]);
  });

  test('bots end with the tool, however that ends', async () => {
    const tool = new RunningTool([
      'sockets',
      ...here(),
      '--sockets',
      '5',
      '--duration',
      '600',
      '--processes',
      '2',
    ]);
    await tool.until(/hold +5 bots/);
    const bots = await tool.bots();
    expect(bots).toHaveLength(2);
    tool.kill('SIGKILL');
    await tool.ended();
    for (const limitMs = Date.now() + 5000; bots.some(isAlive) && Date.now() < limitMs; ) await delay(20);
    expect(bots.filter(isAlive)).toEqual([]);
  });

  test('a bot process that dies ends the run with 1, and the report says so', async () => {
    const tool = new RunningTool(['sockets', ...here(), '--sockets', '5', '--duration', '600']);
    await tool.until(/hold +5 bots/);
    const [bot] = await tool.bots();
    process.kill(bot ?? 0, 'SIGKILL');
    const { code, stdout } = await tool.ended();
    expect(code).toBe(1);
    expect(stdout).toContain('A bot process ended with SIGKILL');
  });

  test('a server that dies meanwhile does not end the run: its sockets are counted as dropped', async () => {
    const mortal = await ServerProcess.start({ environment: { PARLEY_MEDIA_WORKERS: '1' } });
    const tool = new RunningTool(['sockets', '--url', mortal.url, '--sockets', '10', '--duration', '2']);
    await tool.until(/hold +10 bots/);
    await mortal.kill('SIGKILL');
    const { stdout } = await tool.ended();
    await mortal.stop();
    expect(stdout).toMatch(/sockets held \/ asked for +0 \/ 10\n/);
    expect(stdout).toMatch(/sockets dropped +10\n/);
  });
});
