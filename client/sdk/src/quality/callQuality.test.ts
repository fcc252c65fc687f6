/**
 * Owns the tests of quality in a whole call against a server in memory: when it is reported, and how the others' trouble shows.
 */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Call } from '../Call.ts';
import { FakeServer } from '../testing/FakeServer.ts';
import { fakeDevices } from '../testing/fakeMedia.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function inCall() {
  const server = new FakeServer();
  const openers = {
    openDevice: () => new Promise<never>(() => undefined),
    openScreen: async () => ({}) as never,
  };
  const call = new Call(
    { url: 'ws://test/ws', roomId: 'room', displayName: 'Ada' },
    { connect: server.connect, devices: fakeDevices().devices, openers },
  );
  const settle = () => server.settle(() => vi.advanceTimersByTimeAsync(0));
  const pass = async (ms: number) => {
    await vi.advanceTimersByTimeAsync(ms);
    await settle();
  };
  const joined = call.join();
  await settle();
  await joined;
  const troubleOf = (peerId: string) =>
    call.getSnapshot().participants.find((participant) => participant.peerId === peerId)?.trouble;
  return { call, server, settle, pass, troubleOf };
}

test('is reported with the phases of the join, then every 10 s, and once more before the leave', async () => {
  const { call, server, settle, pass } = await inCall();
  await pass(2000);
  const [first] = server.seenOf('reportQuality');
  expect(first?.data.phases).toMatchObject({ socketMs: 0, helloMs: 0, seatMs: expect.any(Number) });
  await pass(10_000);
  expect(server.seenOf('reportQuality')).toHaveLength(2);
  const left = call.leave();
  await settle();
  await left;
  expect(server.seen.slice(-2).map(({ name }) => name)).toEqual(['reportQuality', 'leave']);
  const visits = new Set(server.seenOf('reportQuality').map(({ data }) => data.visitId));
  expect(visits.size).toBe(1);
});

test('is not reported while there is no socket, and nothing piles up for the next one', async () => {
  const { server, pass } = await inCall();
  await pass(2000);
  server.hold('join');
  server.cut();
  await pass(60_000);
  expect(server.seenOf('reportQuality')).toHaveLength(1);
  server.release('join');
  await pass(12_000);
  expect(server.seenOf('reportQuality').length).toBeLessThanOrEqual(3);
});

test("shows the others' trouble on them, and the one that concerns this person most on the call", async () => {
  const { call, server, pass, troubleOf } = await inCall();
  server.addPeer('p-bob', 'Bob');
  server.addPeer('p-eve', 'Eve');
  for (const peerId of ['p-bob', 'p-eve']) server.notify('peerTrouble', { peerId, trouble: 'network' });
  await pass(2000);
  expect([troubleOf('p-bob'), troubleOf('p-eve')]).toEqual(['their-network', 'their-network']);
  expect(call.getSnapshot().trouble).toEqual({ code: 'their-network', peerId: 'p-bob' });
  server.notify('activeSpeakers', { peerIds: ['p-eve'] });
  await pass(0);
  expect(call.getSnapshot().trouble).toEqual({ code: 'their-network', peerId: 'p-eve' });
  server.notify('peerTrouble', { peerId: 'p-eve', trouble: 'none' });
  server.command({ type: 'leave', peerId: 'p-bob' });
  await pass(2000);
  expect(call.getSnapshot().trouble).toBeUndefined();
});
