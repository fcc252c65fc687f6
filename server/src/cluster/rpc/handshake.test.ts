/**
 * What two nodes have to prove to each other, and how they say what is wrong.
 */
import { expect, test } from 'vitest';
import { accept, dial, type HandshakeOptions } from './handshake.ts';
import { SealedFrames } from './SealedFrames.ts';

const node = (nodeId: string, options: Partial<HandshakeOptions> = {}): HandshakeOptions => ({
  identity: { nodeId, incarnation: `${nodeId}-1` },
  secret: 's'.repeat(32),
  version: { major: 1, minor: 4 },
  nowMs: 1_700_000_000_000,
  ...options,
});
const a = node('a');
const b = node('b');

/** Both sides in one go. */
function meet(dialer: HandshakeOptions, acceptor: HandshakeOptions, target = 'b') {
  const { hello, answer } = dial(dialer, target);
  const { challenge, verify } = accept(acceptor, hello);
  const { proof, ...dialed } = answer(challenge);
  return { dialed, accepted: verify(proof) };
}

test('who shares the secret learns who the other is, and both have the keys of this connection alone', () => {
  const { dialed, accepted } = meet(a, b);
  expect(dialed.peer).toEqual({ nodeId: 'b', incarnation: 'b-1' });
  expect(accepted.peer).toEqual({ nodeId: 'a', incarnation: 'a-1' });
  const [near, far] = [new SealedFrames(dialed.keys), new SealedFrames(accepted.keys)];
  expect(far.open(near.seal('to b'))).toBe('to b');
  expect(near.open(far.seal('to a'))).toBe('to a');
  expect(() => new SealedFrames(meet(a, b).accepted.keys).open(near.seal('another time'))).toThrow();
});

test('a frame that was changed, repeated or left out does not open, nor one that is sent back', () => {
  const { dialed, accepted } = meet(a, b);
  const [near, far] = [new SealedFrames(dialed.keys), new SealedFrames(accepted.keys)];
  const first = near.seal('first');
  const open = (frame: Buffer) => () => new SealedFrames(accepted.keys).open(frame);
  expect(open(first)()).toBe('first');
  for (let at = 0; at < first.length; at += 1) {
    const changed = Buffer.from(first);
    changed[at]! ^= 1;
    expect(open(changed)).toThrow();
  }
  expect(far.open(first)).toBe('first');
  expect(() => far.open(first)).toThrow();
  expect(open(near.seal('second'))).toThrow();
  expect(() => new SealedFrames(dialed.keys).open(first)).toThrow();
  expect(open(Buffer.alloc(3))).toThrow();
});

test.each([
  ['a dialer with another secret', node('a', { secret: 'x'.repeat(32) }), b],
  ['an acceptor with another secret', a, node('b', { secret: 'x'.repeat(32) })],
])('%s is found out', (_what, dialer, acceptor) => {
  expect(() => meet(dialer, acceptor)).toThrow(
    'the node at the address of b has another PARLEY_CLUSTER_SECRET',
  );
});

test('what was recorded is of no use: each challenge is another one', () => {
  const { hello, answer } = dial(a, 'b');
  const recorded = answer(accept(b, hello).challenge).proof;
  expect(() => accept(b, hello).verify(recorded)).toThrow(
    'a node that calls itself a has another PARLEY_CLUSTER_SECRET',
  );
  // A mirror: who does not know the secret sends the acceptor's own proof back.
  const again = accept(b, hello);
  const { proof } = JSON.parse(again.challenge);
  expect(() => again.verify(JSON.stringify({ proof }))).toThrow('another PARLEY_CLUSTER_SECRET');
});

test('a change on the way is found out, whatever it is', () => {
  const { hello, answer } = dial(a, 'b');
  const older = hello.replace('"minor":4', '"minor":3');
  expect(older).not.toBe(hello);
  expect(() => answer(accept(b, older).challenge)).toThrow('another PARLEY_CLUSTER_SECRET');
});

test('clocks may be half a minute apart, and a minute is said to be the cause', () => {
  const later = (ms: number) => node('a', { nowMs: a.nowMs + ms });
  expect(meet(later(30_000), b).accepted.peer.nodeId).toBe('a');
  for (const ms of [60_000, -60_000]) {
    expect(() => meet(later(ms), b)).toThrow(
      'the clocks of this node and of node a are 60 s apart, at most 30 are allowed: set both by NTP',
    );
  }
});

test('one minor version apart works in both directions, more does not, nor another major version', () => {
  const version = (minor: number, major = 1) => node('a', { version: { major, minor } });
  for (const minor of [3, 4, 5]) expect(meet(version(minor), b).dialed.peer.nodeId).toBe('b');
  for (const other of [version(2), version(6), version(4, 2)]) {
    const { major, minor } = other.version;
    expect(() => meet(other, b)).toThrow(
      `node a speaks version ${major}.${minor} of the cluster's protocol, this one 1.4: upgrade one minor version at a time`,
    );
  }
});

test('two nodes with one id, and one that is not where it was said to be', () => {
  expect(() => meet(node('b'), b)).toThrow('two nodes have the id b: give each its own PARLEY_NODE_ID');
  expect(() => meet(a, b, 'c')).toThrow('this is node b, not c');
});

test.each(['', '{}', 'null', '[1]', '{"nodeId":"a"}', `{"proof":"${'x'.repeat(43)}"}`, 'x'.repeat(4_000)])(
  'rubbish instead of a handshake is refused as such: %s',
  (text) => {
    const { hello, answer } = dial(a, 'b');
    expect(() => accept(b, text)).toThrow('this is no handshake of a node');
    expect(() => answer(text)).toThrow('this is no handshake of a node');
    expect(() => accept(b, hello).verify(text)).toThrow(/no handshake|another PARLEY_CLUSTER_SECRET/);
  },
);
