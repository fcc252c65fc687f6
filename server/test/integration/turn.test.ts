/**
 * Checks our TURN credentials and coturn's generated configuration against Debian's real coturn: who may relay, and whither.
 * Does not check calls over it: the browser tests do.
 */
import { execFile } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { iceServers, turnCredentials } from '../../src/turn/credentials.ts';
import { type Coturn, startCoturn } from '../support/coturn.ts';
import { relayedPort, softwareOf, TurnClient, type TurnCredentials } from '../support/turnClient.ts';

const secret = 'shared-secret-of-this-test';
/** In the documentation range: nothing answers there, but permissions for it are given. */
const MEDIA_NODE_V6 = '2001:db8:5::7';
const UNAUTHORIZED = 401;
const FORBIDDEN = 403;

let coturn: Coturn;
const opened: { close(): void }[] = [];

const nowS = () => Math.floor(Date.now() / 1000);
const validCredentials = (): TurnCredentials => {
  const [server] = iceServers({ urls: coturn.urls, secret }, 'session-1', Date.now());
  if (server?.username === undefined || server.credential === undefined) throw new Error('no credentials');
  return { username: server.username, credential: server.credential };
};

async function connect(credentials: TurnCredentials | undefined, server = coturn): Promise<TurnClient> {
  const client = await TurnClient.create({
    host: server.host,
    port: server.port,
    ...(credentials && { credentials }),
  });
  opened.push(client);
  return client;
}

/** A media node as the relay sees it: sends back what arrives. */
async function echo(
  address: string,
): Promise<{ address: string; port: number; socket: Socket; seen: string[] }> {
  const socket = createSocket('udp4');
  const seen: string[] = [];
  socket.on('message', (message, from) => {
    seen.push(String(message));
    socket.send(`echo of ${message} from port ${from.port}`, from.port, from.address);
  });
  socket.bind(0, address);
  await once(socket, 'listening');
  opened.push(socket);
  return { address, port: socket.address().port, socket, seen };
}

beforeAll(async () => {
  coturn = await startCoturn({ secret, peers: ['127.0.0.1', MEDIA_NODE_V6], relayIps: ['127.0.0.1', '::1'] });
});
afterAll(() => coturn?.stop());
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

describe('credentials', () => {
  it('relay between a client and a media node', async () => {
    const client = await connect(validCredentials());
    const allocation = await client.allocate();
    expect(allocation.error).toBeUndefined();
    const node = await echo('127.0.0.1');
    expect((await client.createPermission(node)).error).toBeUndefined();
    client.send(node, 'hello');
    const [payload] = await once(client, 'data', { signal: AbortSignal.timeout(5_000) });
    expect(payload).toBe(`echo of hello from port ${relayedPort(allocation)}`);
  });

  it.each([
    ['none', () => undefined],
    ['expired', () => turnCredentials(secret, 'u', nowS() - 1)],
    ['made with another secret', () => turnCredentials(`${secret}!`, 'u', nowS() + 600)],
    [
      'with a later time written in',
      () => ({ ...validCredentials(), username: `${nowS() + 9_999}:session-1` }),
    ],
    [
      'of another user',
      () => ({ ...validCredentials(), username: validCredentials().username.replace('1', '2') }),
    ],
  ])('are refused when %s', async (_title, credentials) => {
    const client = await connect(credentials());
    expect((await client.allocate()).error).toBe(UNAUTHORIZED);
  });

  it('that expire during a call do not end it, but open nothing new', async () => {
    const credentials = turnCredentials(secret, 'u', nowS() + 2);
    const client = await connect(credentials);
    expect((await client.allocate()).error).toBeUndefined();
    const late = async () => (await (await connect(credentials)).allocate()).error;
    while ((await late()) === undefined) await delay(100);
    expect(await late()).toBe(UNAUTHORIZED);

    expect((await client.refresh(600)).error).toBeUndefined();
    const node = await echo('127.0.0.1');
    expect((await client.createPermission(node)).error).toBeUndefined();
    client.send(node, 'still here');
    const [payload] = await once(client, 'data', { signal: AbortSignal.timeout(5_000) });
    expect(payload).toContain('echo of still here');
  });
});

/** Special-purpose addresses (IANA registries) and public ones, in every form in which they can be written. */
const PEERS_V4 = [
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '100.64.0.1',
  '127.0.0.2',
  '127.255.255.254',
  '169.254.169.254',
  '172.16.0.1',
  '192.0.0.1',
  '192.0.2.1',
  '192.88.99.1',
  '192.168.0.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '1.1.1.1',
  '93.184.216.34',
];
const PEERS_V6 = [
  '::',
  '::1',
  '::7f00:1',
  '::127.0.0.1',
  '::ffff:127.0.0.1',
  '::ffff:0.0.0.0',
  '::ffff:10.0.0.1',
  '::ffff:169.254.169.254',
  '::ffff:0:7f00:1',
  '64:ff9b::7f00:1',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b:1::7f00:1',
  '100::1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::',
  '2002:a9fe:a9fe::1',
  'fc00::1',
  'fd00::2',
  'fe80::1',
  'fec0::1',
  'ff02::1',
  '2606:4700:4700::1111',
];

describe('peers other than the media nodes', () => {
  const ask = async (family: 4 | 6, peers: readonly string[], server = coturn) => {
    const client = await connect(validCredentials(), server);
    expect((await client.allocate({ family })).error).toBeUndefined();
    const answers: Record<string, (number | undefined)[]> = {};
    for (const address of peers) {
      const peer = { address, port: 3000 };
      answers[address] = [
        (await client.createPermission(peer)).error,
        (await client.bindChannel(peer)).error,
      ];
    }
    return answers;
  };
  const refusedAll = (peers: readonly string[]) =>
    Object.fromEntries(peers.map((address) => [address, [FORBIDDEN, FORBIDDEN]]));

  it('are out of reach over IPv4', async () => {
    expect(await ask(4, PEERS_V4)).toEqual(refusedAll(PEERS_V4));
  });

  it('are out of reach over IPv6, IPv4 addresses in disguise included', async () => {
    expect(await ask(6, PEERS_V6)).toEqual(refusedAll(PEERS_V6));
    expect(await ask(6, [MEDIA_NODE_V6])).toEqual({ [MEDIA_NODE_V6]: [undefined, undefined] });
  });

  it('get no datagram, permission or not', async () => {
    const client = await connect(validCredentials());
    await client.allocate();
    const node = await echo('127.0.0.1');
    const stranger = await echo('127.0.0.2');
    await client.createPermission(stranger);
    await client.createPermission(node);
    client.send(stranger, 'to a stranger');
    client.send(node, 'to the media node');
    await once(client, 'data', { signal: AbortSignal.timeout(5_000) });
    expect(node.seen).toEqual(['to the media node']);
    expect(stranger.seen).toEqual([]);
  });

  it('include loopback in production, even where it is listed', async () => {
    const production = await startCoturn({
      secret,
      peers: ['127.0.0.1', '::1', '198.51.100.7'],
      relayIps: ['127.0.0.1', '::1'],
      allowLoopbackPeers: false,
    });
    try {
      const disguised = ['::1', '::ffff:127.0.0.1', '::ffff:198.51.100.7'];
      expect(await ask(4, ['127.0.0.1'], production)).toEqual(refusedAll(['127.0.0.1']));
      expect(await ask(6, disguised, production)).toEqual(refusedAll(disguised));
      expect(await ask(4, ['198.51.100.7'], production)).toEqual({ '198.51.100.7': [undefined, undefined] });
    } finally {
      await production.stop();
    }
  });
});

describe('what is not offered', () => {
  it('is TCP relaying', async () => {
    const client = await connect(validCredentials());
    expect((await client.allocate({ protocol: 6 })).error).toBe(442);
  });

  it('is STUN for everybody', async () => {
    const client = await TurnClient.create({ host: coturn.host, port: coturn.port, timeoutMs: 1_000 });
    opened.push(client);
    await expect(client.bind()).rejects.toThrow(/aborted/);
  });

  it('is its version', async () => {
    const client = await connect(validCredentials());
    expect(softwareOf(await client.allocate()) ?? 'None').toBe('None');
  });

  it('is the secret in its log', () => {
    expect(coturn.log()).not.toContain(secret);
  });
});

describe('node turn/generate.ts', () => {
  const script = new URL('../../../turn/generate.ts', import.meta.url).pathname;
  const generate = (args: readonly string[], settings: Record<string, string>) =>
    promisify(execFile)(process.execPath, [script, ...args], {
      env: { PATH: process.env.PATH, ...settings },
      cwd: tmpdir(),
    });
  const settings = {
    PARLEY_TURN_URLS: 'turn:turn.example.org:3479',
    PARLEY_TURN_SECRET: secret,
    PARLEY_ANNOUNCED_ADDRESS: '198.51.100.7',
  };

  it('writes a file for its owner only, with the announced address as the only peer', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'parley-turn-'));
    const file = join(folder, 'turnserver.conf');
    await generate(['--out', file], settings);
    const text = await readFile(file, 'utf8');
    expect(text).toContain(`static-auth-secret=${secret}`);
    expect(text).toContain('listening-port=3479');
    expect(text.match(/^allowed-peer-ip=.*$/gm)).toEqual(['allowed-peer-ip=198.51.100.7']);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await rm(folder, { recursive: true });
  });

  it.each([
    ['a setting is missing', [], {}, /^PARLEY_TURN_URLS and PARLEY_TURN_SECRET: set both first\n$/],
    ['a setting is wrong', [], { ...settings, PARLEY_TURN_SECRET: 'short' }, /PARLEY_TURN_SECRET: must have/],
    ['an option is wrong', ['--relay-ports', 'many'], settings, /no range of ports/],
    ['an option is unknown', ['--everything'], settings, /Unknown option '--everything'/],
  ])('says in a line that %s, and exits with 1', async (_title, args, given, message) => {
    const failure = generate(args, given);
    await expect(failure).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(message) });
    await expect(failure).rejects.toMatchObject({ stderr: expect.not.stringMatching(/\n\s+at /) });
  });
});
