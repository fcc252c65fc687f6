/**
 * Checks the Dockerfile by carrying out its stages as plain processes, and compose.yml by what it names.
 * Does not check base images nor the packages that apt-get would install: no Docker engine is here.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, copyFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config.ts';
import { buildPackages } from '../../worker/packages.mjs';
import { type BuiltStage, DockerfileRunner, filesBelow, parseDockerfile } from '../support/dockerfile.ts';

const context = new URL('../../..', import.meta.url).pathname;
const inDocker = (file: string) => join(context, 'docker', file);
const run = promisify(execFile);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

describe('Dockerfile', () => {
  let root: string;
  let runner: DockerfileRunner;
  let image: BuiltStage;
  let port: number;
  let env: Record<string, string>;
  let server: ChildProcess;
  let printed = '';
  // Nobody in particular: no such user needs to exist.
  const [uid = 0, gid = 0] = [1000, 1000];
  // The machine's Node may lie where only root can read it.
  const node = () => join(root, 'node');

  /** What Docker would run, in the image's environment and under its user. */
  const inImage = (command: readonly string[]) => {
    const args = command.slice(1).map((word) => word.replace(image.workdir, image.folder));
    return [node(), args, { cwd: image.folder, env, uid, gid }] as const;
  };
  const healthcheck = () => {
    const [file, args, options] = inImage(image.healthcheck);
    return run(file, args, options).then(
      () => 0,
      (error) => error.code,
    );
  };

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'parley-docker-'));
    await chmod(root, 0o755);
    await copyFile(process.execPath, node());
    const dockerfile = inDocker('Dockerfile');
    runner = await DockerfileRunner.create({ dockerfile, context, root });
    image = await runner.build('parley');
    port = await freePort();
    const fromImage = Object.entries(image.env).map(([key, value]) => [
      key,
      value.replace(`${image.workdir}/`, `${image.folder}/`),
    ]);
    env = {
      ...Object.fromEntries(fromImage),
      PATH: process.env.PATH ?? '',
      HOST: '127.0.0.1',
      PORT: String(port),
      PARLEY_MEDIA_PORT: '0',
    };
  }, 300_000);
  afterAll(async () => {
    if (server && server.exitCode === null) server.kill('SIGKILL');
    await rm(root, { recursive: true });
  });

  it('asks for what the worker is built with', async () => {
    const { aptCalls } = await runner.build('worker');
    for (const name of buildPackages) expect(aptCalls.join(' ').split(' ')).toContain(name);
  });

  it('leaves in the image what runs, and nothing else', async () => {
    const files = await filesBelow(image.folder);
    for (const needed of ['worker/mediasoup-worker', 'client/web/dist/index.html', 'server/src/main.ts']) {
      expect(files).toContain(needed);
    }
    const packages = /node_modules\/(vite|vitest|typescript|react|lucide-react|mediasoup\/worker|@biomejs)\//;
    expect(files.filter((file) => packages.test(file))).toEqual([]);
    const own = files.filter((file) => !file.includes('node_modules/'));
    const unwanted = /\.test\.|\/e2e\/|(^|\/)\.env|^client\/(?!.*(package\.json$|web\/dist\/))/;
    expect(own.filter((file) => unwanted.test(file))).toEqual([]);
    const { stdout } = await run('du', ['-sm', image.folder]);
    expect(Number.parseInt(stdout, 10)).toBeLessThan(120);
  });

  it('starts as an unprivileged user, gets healthy, serves the app, and stops in order', async () => {
    expect(image.user).toBe(`${uid}:${gid}`);
    expect((await stat(join(image.folder, 'data'))).uid).toBe(uid);
    expect(await healthcheck()).toBe(1);
    expect(image.entrypoint[0]).toBe('node');
    server = spawn(...inImage(image.entrypoint));
    for (const stream of [server.stdout, server.stderr]) stream?.on('data', (chunk) => (printed += chunk));
    const deadline = Date.now() + 90_000;
    while ((await healthcheck()) !== 0) {
      if (server.exitCode !== null || Date.now() > deadline) throw new Error(`not healthy:\n${printed}`);
      await delay(200);
    }
    const page = await fetch(`http://127.0.0.1:${port}/r/from-a-container`);
    expect(page.status).toBe(200);
    const script = /src="(\/assets\/[^"]+\.js)"/.exec(await page.text())?.[1];
    expect((await fetch(`http://127.0.0.1:${port}${script}`)).status).toBe(200);
    const exited = once(server, 'exit');
    server.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  });

  it('has a relay image that configures coturn from the same settings', async () => {
    const turn = await runner.build('turn');
    expect(turn.aptCalls.join('\n')).toMatch(/install .*\bcoturn\b/);
    expect(turn.entrypoint).toEqual(['sh', 'turn/start.sh']);
    expect(turn.user).toBe('1000:1000');
    const out = join(root, 'turnserver.conf');
    await chown(root, uid, gid);
    await run(node(), ['turn/generate.ts', '--out', out], {
      cwd: turn.folder,
      env: { ...env, PARLEY_TURN_URLS: 'turn:t.example:3478', PARLEY_TURN_SECRET: 'x'.repeat(20) },
      uid,
      gid,
    });
    expect(await readFile(out, 'utf8')).toContain('denied-peer-ip=0.0.0.0-255.255.255.255');
  });
});

describe('compose.yml', () => {
  it('builds stages that exist, hardened, with a volume for the data', async () => {
    const compose = parse(await readFile(inDocker('compose.yml'), 'utf8'), { merge: true });
    const stages = parseDockerfile(await readFile(inDocker('Dockerfile'), 'utf8')).map(({ name }) => name);
    expect(Object.keys(compose.services)).toEqual(['parley', 'turn']);
    for (const service of Object.values<Record<string, unknown>>(compose.services)) {
      expect(service).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        build: { context: '..', dockerfile: 'docker/Dockerfile' },
      });
      expect(stages).toContain((service.build as { target: string }).target);
    }
    expect(compose.services.parley.volumes).toContain('data:/app/data');
    expect(compose.volumes).toHaveProperty('data');
  });

  it('has an example of settings that the server takes, the commented ones too', async () => {
    const text = await readFile(inDocker('env.example'), 'utf8');
    const active = text.match(/^[A-Z_]+=.*$/gm) ?? [];
    const commented = (text.match(/^#[A-Z_]+=.+$/gm) ?? []).map((line) => line.slice(1));
    expect(active.length).toBeGreaterThan(0);
    expect(commented.length).toBeGreaterThan(3);
    const settings = (lines: readonly string[]) =>
      Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)));
    const all = {
      ...settings([...commented, ...active]),
      PARLEY_TURN_SECRET: 'x'.repeat(32),
      PARLEY_API_KEYS: `my-app:${'x'.repeat(32)}`,
    };
    expect(() => loadConfig([], settings(active), '/nonexistent')).not.toThrow();
    expect(() => loadConfig([], all, '/nonexistent')).not.toThrow();
  });
});
