/**
 * Two nodes on real sockets: who is let in, what a call gives, and what happens to it when the way breaks, hangs or is hostile.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { CallError } from '@parley/protocol';
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { TcpProxy } from '../../../test/support/TcpProxy.ts';
import { systemClock } from '../../clock.ts';
import { createLogger } from '../../log.ts';
import { type CallHandlers, type CallName, type NoticeHandlers, RPC_VERSION } from './calls.ts';
import { type DialOptions, dialNode } from './dialNode.ts';
import { NodeLink } from './NodeLink.ts';
import { RpcServer, type RpcServerOptions } from './RpcServer.ts';

const log = createLogger('silent');
const secret = 'of the cluster, 32 bytes at least';
const seat = { room: { tenant: 'default', roomId: 'r' }, peerId: 'p' };
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function serverOf(
  handlers: Partial<CallHandlers<CallName>> = {},
  options: Partial<RpcServerOptions> = {},
): Promise<RpcServer> {
  const server = await RpcServer.listen({
    identity: { nodeId: 'media', incarnation: 'media-1' },
    secret,
    version: RPC_VERSION,
    host: '127.0.0.1',
    port: 0,
    handlers,
    clock: systemClock,
    log,
    ...options,
  });
  ends.push(() => server.close());
  return server;
}

const noNotices: NoticeHandlers = {
  moved: () => {},
  consumersClosed: () => {},
  activeSpeakers: () => {},
  audioPool: () => {},
  encodingsWanted: () => {},
  quality: () => {},
};
const dialer = (nodeId = 'signaling', incarnation = `${nodeId}-1`): DialOptions => ({
  identity: { nodeId, incarnation },
  secret,
  version: RPC_VERSION,
  clock: systemClock,
});

function linkTo(
  address: string,
  options: Partial<DialOptions> & { onNotice?: Partial<NoticeHandlers>; onConnected?: () => void } = {},
) {
  const onLost = vi.fn<(cause: string) => void>();
  const link = new NodeLink({
    ...dialer(),
    target: { nodeId: 'media', address },
    log,
    onLost,
    ...options,
    onNotice: { ...noNotices, ...options.onNotice },
  });
  ends.push(() => link.close());
  return { link, onLost };
}
const addressOf = (server: RpcServer) => `127.0.0.1:${server.port}`;
async function proxyTo(target: () => number): Promise<TcpProxy> {
  const proxy = await TcpProxy.open(target);
  ends.push(() => proxy.close());
  return proxy;
}
const refusal = (promise: Promise<unknown>): Promise<CallError> =>
  promise.then(
    () => {
      throw new Error('was not refused');
    },
    (error: unknown) => {
      if (error instanceof CallError) return error;
      throw error;
    },
  );

test('a call goes through with its data, its answer and its error as they are', async () => {
  const closePeer = vi.fn(async () => ({}));
  const server = await serverOf({
    closePeer,
    speechBegins: async () => {
      throw new CallError('not-found', 'no such microphone', { details: { what: 'publication' } });
    },
    setView: async () => {
      throw new CallError('capacity', 'full', { details: { retryAfterMs: 5 } });
    },
    closeProducer: () => Promise.reject(new Error('a secret of the implementation')),
  });
  const { link } = linkTo(addressOf(server));
  expect(await link.call('closePeer', { seat })).toEqual({});
  expect(closePeer).toHaveBeenCalledExactlyOnceWith({ seat }, { nodeId: 'signaling' });
  expect(await refusal(link.call('speechBegins', { seat }))).toMatchObject({
    code: 'not-found',
    retryable: false,
    details: { what: 'publication' },
  });
  expect(await refusal(link.call('setView', { seat, publications: [] }))).toMatchObject({
    code: 'capacity',
    retryable: true,
    details: { retryAfterMs: 5 },
  });
  const internal = await refusal(link.call('closeProducer', { seat, source: 'mic' }));
  expect(internal.code).toBe('internal');
  expect(internal.message).not.toContain('secret');
  // A node of the next minor version may ask what this one does not have.
  expect((await refusal(link.call('undecodable', { seat, rtpCapabilities: {} }))).code).toBe('unsupported');
  expect(await refusal(link.call('closePeer', { seat: { ...seat, peerId: ' ' } }))).toMatchObject({
    code: 'invalid-request',
    message: expect.stringContaining('seat.peerId'),
  });
  expect(closePeer).toHaveBeenCalledTimes(1);
});

test('news arrive in their order, behind the answers that were sent before them', async () => {
  let server: RpcServer | undefined;
  const tell = (n: number) =>
    server?.notify('signaling', 'activeSpeakers', { room: seat.room, peerIds: [`p${n}`] });
  server = await serverOf({
    closePeer: async () => {
      setImmediate(() => {
        tell(2);
        tell(3);
      });
      tell(1);
      return {};
    },
  });
  const seen: string[] = [];
  const { link } = linkTo(addressOf(server), {
    onNotice: { activeSpeakers: ({ peerIds }) => void seen.push(...peerIds) },
  });
  await link.call('closePeer', { seat });
  seen.push('answer');
  await vi.waitFor(() => expect(seen).toEqual(['p1', 'answer', 'p2', 'p3']));
});

test.each([
  [
    'another secret',
    { secret: 'x'.repeat(32) },
    'unauthenticated',
    'the node at the address of media has another PARLEY_CLUSTER_SECRET',
  ],
  [
    'a clock that is a minute off',
    { clock: { ...systemClock, now: () => Date.now() + 60_000 } },
    'forbidden',
    'the other node refuses: the clocks of this node and of node signaling are 60 s apart, at most 30 are allowed: set both by NTP',
  ],
  [
    'a version that is too old',
    { version: { major: RPC_VERSION.major, minor: RPC_VERSION.minor + 2 } },
    'incompatible-version',
    "the other node refuses: node signaling speaks version 1.2 of the cluster's protocol, this one 1.0: upgrade one minor version at a time",
  ],
  [
    'the id of the node that is asked',
    { identity: { nodeId: 'media', incarnation: 'x' } },
    'forbidden',
    'the other node refuses: two nodes have the id media: give each its own PARLEY_NODE_ID',
  ],
])(
  'a node with %s is refused, and both sides have the cause in one line',
  async (_what, options, code, message) => {
    const lines: string[] = [];
    const server = await serverOf(
      {},
      { log: createLogger('warn', { write: (line) => void lines.push(line) }) },
    );
    const told = { onNotice: noNotices, onEnd: () => {} };
    const target = { nodeId: 'media', address: addressOf(server) };
    const error = await refusal(dialNode(target, { ...dialer(), ...options }, told));
    expect({ code: error.code, message: error.message }).toEqual({ code, message });
    const cause = message.replace('the other node refuses: ', '');
    await vi.waitFor(() => expect(lines.join('')).toContain(JSON.stringify(cause).slice(1, -1)));
    expect(error.message).not.toContain('\n');
  },
);

test('two processes with one id: the second is refused while the first is connected, and not after it', async () => {
  const server = await serverOf({ closePeer: async () => ({}) });
  const { link: first } = linkTo(addressOf(server), dialer('twin', 'first'));
  await first.call('closePeer', { seat });
  const second = linkTo(addressOf(server), dialer('twin', 'second'));
  expect((await refusal(second.link.call('closePeer', { seat }))).message).toBe(
    'the other node refuses: two nodes have the id twin: give each its own PARLEY_NODE_ID',
  );
  expect(second.onLost).toHaveBeenCalledTimes(1);
  await first.call('closePeer', { seat });
  first.close();
  await vi.waitFor(() => expect(server.presenceOf('twin')?.connected).toBe(false));
  const third = linkTo(addressOf(server), dialer('twin', 'second'));
  await third.link.call('closePeer', { seat });
});

test('the bytes of a whole connection, played again, lead nowhere', async () => {
  const closePeer = vi.fn(async () => ({}));
  const server = await serverOf({ closePeer });
  const proxy = await proxyTo(() => server.port);
  const { link } = linkTo(proxy.address);
  await link.call('closePeer', { seat });
  link.close();
  const replay = connect(server.port, '127.0.0.1');
  const answers: Buffer[] = [];
  replay.on('data', (chunk: Buffer) => answers.push(chunk));
  for (const chunk of proxy.recorded[0]!) {
    replay.write(chunk);
    await delay(20);
  }
  await once(replay, 'close');
  expect(Buffer.concat(answers).toString('latin1')).toContain('has another PARLEY_CLUSTER_SECRET');
  expect(closePeer).toHaveBeenCalledTimes(1);
});

test('a call of which the answer got lost is executed once: the retry on the next connection gets the first answer', async () => {
  let executed = 0;
  const server = await serverOf({
    restartIce: async () => {
      executed += 1;
      return { iceParameters: { usernameFragment: `run-${executed}`, password: 'p' } };
    },
  });
  const proxy = await proxyTo(() => server.port);
  const connected = vi.fn();
  const { link } = linkTo(proxy.address, { onConnected: connected });
  await vi.waitFor(() => expect(connected).toHaveBeenCalledTimes(1));
  proxy.loseAnswers();
  const answer = link.call('restartIce', { seat, transportId: 't' });
  await vi.waitFor(() => expect(executed).toBe(1));
  proxy.cut();
  expect((await answer).iceParameters.usernameFragment).toBe('run-1');
  expect(connected).toHaveBeenCalledTimes(2);
  expect((await link.call('restartIce', { seat, transportId: 't' })).iceParameters.usernameFragment).toBe(
    'run-2',
  );
});

test('a handler that hangs costs its asker a timeout, and nobody else anything', async () => {
  const server = await serverOf({
    speechBegins: () => new Promise(() => {}),
    closePeer: async () => ({}),
  });
  const connection = await dialNode({ nodeId: 'media', address: addressOf(server) }, dialer(), {
    onNotice: noNotices,
    onEnd: () => {},
  });
  ends.push(() => connection.close());
  const hanging = refusal(connection.call('a', 'speechBegins', { seat }, 100));
  await connection.call('b', 'closePeer', { seat }, 5_000);
  expect(await hanging).toMatchObject({ code: 'timeout', retryable: true });
  expect(connection.ended).toBe(false);
});

test('a node that stands still is lost within 3 s of its last word, and calls to it fail as unavailable', async () => {
  const server = await serverOf({ closePeer: async () => ({}) });
  const proxy = await proxyTo(() => server.port);
  const { link, onLost } = linkTo(proxy.address);
  await link.call('closePeer', { seat });
  proxy.freeze();
  const stillMs = performance.now();
  const error = await refusal(link.call('closePeer', { seat }));
  expect(error).toMatchObject({ code: 'unavailable', retryable: true });
  expect(onLost).toHaveBeenCalledTimes(1);
  const noticedMs = performance.now() - stillMs;
  expect(noticedMs).toBeGreaterThan(2_000);
  // 3 s, and what a busy machine adds.
  expect(noticedMs).toBeLessThan(4_500);
  expect(link.lost).toBe(true);
});

test('a node that was killed is lost at once, and one that has started anew is another one', async () => {
  const server = await serverOf({ closePeer: async () => ({}) });
  const { port } = server;
  const { link, onLost } = linkTo(addressOf(server));
  await link.call('closePeer', { seat });
  const killedMs = performance.now();
  await server.close();
  await vi.waitFor(() => expect(onLost).toHaveBeenCalledTimes(1), 3_000);
  expect(performance.now() - killedMs).toBeLessThan(2_000);
  expect(await refusal(link.call('closePeer', { seat }))).toMatchObject({ code: 'unavailable' });

  const next = await serverOf({ closePeer: async () => ({}) }, { port });
  let successor = next;
  const proxy = await proxyTo(() => successor.port);
  const again = linkTo(proxy.address);
  await again.link.call('closePeer', { seat });
  successor = await serverOf({}, { identity: { nodeId: 'media', incarnation: 'media-2' } });
  proxy.cut();
  await vi.waitFor(() => expect(again.onLost).toHaveBeenCalledWith('node media has started anew'));
});

test('what is too much: a frame, calls at a time', async () => {
  const server = await serverOf({
    closePeer: async () => ({}),
    speechBegins: () => new Promise(() => {}),
  });
  const { link } = linkTo(addressOf(server));
  const consumerId = 'x'.repeat(300_000);
  expect((await refusal(link.call('closeConsumer', { seat, consumerId }))).code).toBe('invalid-request');
  const many = Array.from({ length: 1_024 }, () => link.call('speechBegins', { seat }).catch(() => {}));
  await delay(10);
  expect((await refusal(link.call('closePeer', { seat }))).code).toBe('capacity');
  link.close();
  await Promise.all(many);
});

test('strangers: no handshake, oversized, endless silence, plain HTTP; the node goes on serving', async () => {
  const server = await serverOf({ closePeer: async () => ({}) });
  const { link } = linkTo(addressOf(server));
  const stranger = async (act: (socket: WebSocket) => void) => {
    const socket = new WebSocket(`ws://${addressOf(server)}/rpc`);
    socket.on('error', () => {});
    await once(socket, 'open');
    act(socket);
    const [code] = await once(socket, 'close');
    return code;
  };
  expect(await stranger((socket) => socket.send('hello'))).toBe(1008);
  expect(await stranger((socket) => socket.send(Buffer.alloc(10)))).toBe(1008);
  expect(await stranger((socket) => socket.send('x'.repeat(5_000)))).toBe(1008);
  expect(await stranger((socket) => socket.send('x'.repeat(300_000)))).toBe(1009);
  expect(await stranger(() => {})).toBe(1008);
  expect((await fetch(`http://${addressOf(server)}/`)).status).toBe(426);
  await link.call('closePeer', { seat });
});

test('a fuzz of frames in the middle of a connection ends that connection and nothing else', async () => {
  const closePeer = vi.fn(async () => ({}));
  const server = await serverOf({ closePeer });
  const { link: other } = linkTo(addressOf(server));
  await other.call('closePeer', { seat });
  let asked = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 1, maxLength: 400 }),
      fc.nat({ max: 3 }),
      async (noise, at) => {
        const proxy = await TcpProxy.open(() => server.port);
        const connection = await dialNode(
          { nodeId: 'media', address: proxy.address },
          dialer(`fuzz-${at}`, `${Math.random()}`.slice(2)),
          { onNotice: noNotices, onEnd: () => {} },
        ).catch(() => undefined);
        for (let call = 0; call < at; call += 1) {
          asked += 1;
          await connection?.call(`c${call}`, 'closePeer', { seat }, 5_000);
        }
        // Into the stream of bytes, behind what was sent in order.
        proxy.inject(Buffer.from(noise));
        const ended = connection?.call('last', 'closePeer', { seat }, 5_000).catch(() => {});
        await ended;
        connection?.close();
        await proxy.close();
        await vi.waitFor(() => expect(server.presenceOf(`fuzz-${at}`)?.connected).not.toBe(true));
      },
    ),
    { numRuns: 40, seed: Number(process.env.PARLEY_FUZZ_SEED ?? 7) },
  );
  expect(closePeer.mock.calls.length).toBeGreaterThanOrEqual(asked);
  await other.call('closePeer', { seat });
});
