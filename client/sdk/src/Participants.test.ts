/**
 * Owns the tests of people as shown: labels, media, speakers, and that what did not change stays the same object.
 */
import { decide, emptyRoom, type RoomCommand, type RoomState, reduce, sources } from '@parley/protocol';
import { describe, expect, test } from 'vitest';
import { Participants } from './Participants.ts';
import { fakeTrack } from './testing/fakeMedia.ts';

const apply = (state: RoomState, command: RoomCommand): RoomState =>
  reduce(state, [{ version: state.version + 1, patches: [...decide(state, command).patches] }]);

const join = (state: RoomState, peerId: string, displayName: string): RoomState =>
  apply(state, {
    type: 'join',
    peerId,
    userId: `u-${peerId}`,
    displayName,
    role: 'speaker',
    publish: sources,
    guest: true,
    sessionEndsAtMs: 1e9,
    videoCodecs: ['vp8'],
    nowMs: 1,
    callId: 'call',
    callStartedAtMs: 1,
    maxPeers: 10,
    maxViewers: 10,
  });

function setUp() {
  const people = new Participants();
  let state = ['a', 'b', 'c'].reduce(
    (room, id) => join(room, id, id === 'c' ? 'Bob' : 'Ada'),
    emptyRoom('r', 'e'),
  );
  const change = (command: RoomCommand) => {
    state = apply(state, command);
    people.setRoom(state, 'a');
  };
  people.setRoom(state, 'a');
  const publish = (peerId: string, source: 'mic' | 'camera', muted = false) =>
    change({ type: 'publish', peerId, source, generation: 1, muted });
  return { people, change, publish, state: () => state };
}

test('everybody is listed in the order of joining, and a second one of a name is told apart', () => {
  const { people, change } = setUp();
  expect(people.list().map(({ label, isLocal, isHost }) => [label, isLocal, isHost])).toEqual([
    ['Ada', true, true],
    ['Ada (2)', false, false],
    ['Bob', false, false],
  ]);
  change({ type: 'leave', peerId: 'a' });
  expect(people.list().map(({ label, isHost }) => [label, isHost])).toEqual([
    ['Ada', true],
    ['Bob', false],
  ]);
});

test('[MOD10] nobody is shown as host while the one of a guest room reloads', () => {
  const { people, change } = setUp();
  change({ type: 'leave', peerId: 'a', mayReturn: true });
  expect(people.list().map(({ label, isHost }) => [label, isHost])).toEqual([
    ['Ada', false],
    ['Bob', false],
  ]);
  change({ type: 'replaceAbsentHost' });
  expect(people.list().map(({ isHost }) => isHost)).toEqual([true, false]);
});

test('[ID2] a second one whose name only looks the same is told apart, too', () => {
  const { people, state } = setUp();
  people.setRoom(join(state(), 'd', 'B\u200Dob'), 'a');
  expect(people.list().map(({ label }) => label)).toEqual(['Ada', 'Ada (2)', 'Bob', 'B\u200Dob (2)']);
});

describe('media', () => {
  test('has a track as soon as it is there, and none for muted video', () => {
    const { people, publish, change } = setUp();
    publish('b', 'camera');
    expect(people.list()[1]?.media.camera).toEqual({ source: 'camera', muted: false, track: null });
    const track = fakeTrack('video');
    people.setTrack('b.camera', track);
    expect(people.list()[1]?.media.camera?.track).toBe(track);
    change({ type: 'setMuted', peerId: 'b', source: 'camera', muted: true });
    expect(people.list()[1]?.media.camera).toEqual({ source: 'camera', muted: true, track: null });
    change({ type: 'setMuted', peerId: 'b', source: 'camera', muted: false });
    expect(people.list()[1]?.media.camera?.track).toBe(track);
  });

  test('of the own tile comes from the devices', () => {
    const { people } = setUp();
    const mic = { source: 'mic', muted: true, track: fakeTrack('audio') } as const;
    people.setLocalMedia({ mic });
    expect(people.list()[0]?.media).toEqual({ mic });
  });
});

describe('speakers', () => {
  test('are shown while they speak, and the last one stays active', () => {
    const { people, publish } = setUp();
    publish('b', 'mic');
    publish('c', 'mic', true);
    people.setSpeakers(['b', 'c']);
    // A muted one is not heard, whatever the moment says.
    expect(people.list().map(({ speaking }) => speaking)).toEqual([false, true, false]);
    expect(people.activeSpeakerId()).toBe('b');
    people.setSpeakers([]);
    expect(people.list().some(({ speaking }) => speaking)).toBe(false);
    expect(people.activeSpeakerId()).toBe('b');
  });

  test('who left are no longer active', () => {
    const { people, change } = setUp();
    people.setSpeakers(['b']);
    people.list();
    expect(people.activeSpeakerId()).toBe('b');
    people.setSpeakers([]);
    change({ type: 'leave', peerId: 'b' });
    people.list();
    expect(people.activeSpeakerId()).toBeUndefined();
  });
});

test('quality of others comes from the server, the own one from here', () => {
  const { people } = setUp();
  people.setScores([
    { peerId: 'a', score: 1 },
    { peerId: 'b', score: 9 },
    { peerId: 'c', score: 2 },
  ]);
  people.setLocalQuality('poor');
  expect(people.list().map(({ quality }) => quality)).toEqual(['poor', 'good', 'bad']);
});

test('who did not change stays the same object, and so does the list', () => {
  const { people, publish, change } = setUp();
  publish('b', 'mic');
  const before = people.list();
  change({ type: 'setMuted', peerId: 'b', source: 'mic', muted: true });
  const after = people.list();
  expect(after[0]).toBe(before[0]);
  expect(after[2]).toBe(before[2]);
  expect(after[1]).not.toBe(before[1]);
  people.setSpeakers([]);
  people.setScores([]);
  expect(people.list()).toBe(after);
});

test('a weak network is put down to the others only while the own one is fine, and never to oneself by hearsay', () => {
  const { people } = setUp();
  const troubles = () => people.list().map(({ trouble }) => trouble);
  people.setTroubles(undefined, new Set(['a', 'b']));
  expect(troubles()).toEqual([undefined, 'their-network', undefined]);
  people.setTroubles('your-computer', new Set(['b']));
  expect(troubles()).toEqual(['your-computer', 'their-network', undefined]);
  people.setTroubles('your-network', new Set(['b']));
  expect(troubles()).toEqual(['your-network', undefined, undefined]);
  people.setTroubles(undefined, new Set());
  expect(troubles()).toEqual([undefined, undefined, undefined]);
});

test('[VIEWER1] a local viewer, whom the room does not list, sees itself; a local speaker is never made up', () => {
  const { people, state } = setUp();
  const self = { userId: 'u-v', displayName: 'Bob', connection: 'online', joinedAtMs: 1 } as const;
  people.setRoom(state(), 'v', { ...self, role: 'viewer' });
  expect(people.list().map(({ peerId, label, isLocal, role }) => [peerId, label, isLocal, role])).toEqual([
    ['a', 'Ada', false, 'speaker'],
    ['b', 'Ada (2)', false, 'speaker'],
    ['c', 'Bob', false, 'speaker'],
    ['v', 'Bob (2)', true, 'viewer'],
  ]);
  people.setRoom(state(), 'gone', { ...self, role: 'speaker' });
  expect(people.list().some(({ isLocal }) => isLocal)).toBe(false);
});

test('a track that comes before or behind its publication is shown', () => {
  const { people, publish } = setUp();
  const [early, late] = [fakeTrack('video'), fakeTrack('video')];
  people.setTrack('b.camera', early);
  people.list();
  publish('b', 'camera');
  expect(people.list()[1]?.media.camera?.track).toBe(early);
  people.setTrack('b.camera', late);
  expect(people.list()[1]?.media.camera?.track).toBe(late);
  people.setTrack('b.camera', null);
  expect(people.list()[1]?.media.camera?.track).toBeNull();
});
