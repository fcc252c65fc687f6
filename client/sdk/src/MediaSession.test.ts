/**
 * Owns the tests of media over seats' and transports' lives, with mediasoup-client's fake handler and a server in memory.
 */
import { CallError } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { FakeServer } from './testing/FakeServer.ts';
import { fakeTrack } from './testing/fakeMedia.ts';
import { setUpMedia } from './testing/setUpMedia.ts';

const names = (server: FakeServer): string[] =>
  server.seen.map(({ name }) => name).filter((name) => name !== 'hello' && name !== 'join');

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('joining', () => {
  test('asks for both transports at once and publishes without waiting for one source to be confirmed', async () => {
    const { server, media, start, published, settle } = setUpMedia();
    media.setSource('camera', { track: fakeTrack('video'), muted: false });
    media.setSource('mic', { track: fakeTrack('audio'), muted: false });
    server.hold('publish');
    await start();
    expect(names(server).slice(0, 2)).toEqual(['createTransport', 'createTransport']);
    // Audio first; the camera does not wait for its answer.
    expect(server.seenOf('publish').map(({ data }) => data.source)).toEqual(['mic', 'camera']);
    server.release('publish');
    await settle();
    expect(published('mic')).toMatchObject({ generation: 1, muted: false });
    expect(published('camera')).toMatchObject({ generation: 1, muted: false });
    media.close();
  });

  test('receives nobody when it is not to subscribe, and publishes at once', async () => {
    const { server, media, start, published } = setUpMedia({ subscribe: false });
    server.addPeer('p-bob', 'Bob', ['camera']);
    media.setSource('camera', { track: fakeTrack('video'), muted: false });
    await start();
    expect(server.seenOf('createTransport').map(({ data }) => data.direction)).toEqual(['send']);
    expect(server.seenOf('subscribe')).toHaveLength(0);
    expect(published('camera')).toMatchObject({ generation: 1 });
    media.close();
  });

  test('shows a newcomer the others before it publishes', async () => {
    const { server, media, start, settle, tracks, published } = setUpMedia();
    server.addPeer('p-bob', 'Bob', ['camera']);
    media.setSource('camera', { track: fakeTrack('video'), muted: false });
    await start();
    expect(tracks.get('p-bob.camera')).toBeDefined();
    expect(server.seenOf('createTransport')).toHaveLength(2);
    expect(server.seenOf('publish')).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(150);
    await settle();
    expect(published('camera')).toMatchObject({ generation: 1 });
    media.close();
  });

  test('publishes after a second, though there is nothing to see yet', async () => {
    const { server, media, start, settle } = setUpMedia();
    server.addPeer('p-bob', 'Bob', ['camera']);
    server.hold('subscribe');
    media.setSource('camera', { track: fakeTrack('video'), muted: false });
    await start();
    await vi.advanceTimersByTimeAsync(999);
    expect(server.seenOf('publish')).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(2);
    await settle();
    expect(server.seenOf('publish')).toHaveLength(1);
    media.close();
  });

  test('a camera is sent in as many layers as its width is worth, a screen in one', async () => {
    const { server, media, start, settle } = setUpMedia();
    await start();
    const encodings = () =>
      server.seenOf('publish').map(({ data }) => {
        const { encodings: all } = data.rtpParameters as { encodings: unknown[] };
        return all.length;
      });
    for (const width of [1280, 640, 480, 320]) {
      media.setSource('camera', { track: fakeTrack('video', width), muted: false });
      await settle();
      media.setSource('camera', undefined);
      await settle();
    }
    media.setSource('screen', { track: fakeTrack('video', 1920), muted: false });
    await settle();
    expect(encodings()).toEqual([3, 3, 2, 1, 1]);
    media.close();
  });

  test('subscribes to everybody in one request and resumes in one, after the tracks are in place', async () => {
    const { server, media, start, tracks } = setUpMedia();
    server.addPeer('p-bob', 'Bob', ['mic', 'camera']);
    server.addPeer('p-eve', 'Eve', ['mic']);
    server.hold('setConsumersPaused');
    await start();
    expect(server.seenOf('subscribe').map(({ data }) => data.publicationIds)).toEqual([
      ['p-bob.mic', 'p-bob.camera', 'p-eve.mic'],
    ]);
    expect([...tracks.keys()]).toEqual(['p-bob.mic', 'p-bob.camera', 'p-eve.mic']);
    expect(server.seenOf('setConsumersPaused')).toHaveLength(1);
    expect(server.media.flowing()).toEqual(['p-bob.mic', 'p-bob.camera', 'p-eve.mic']);
    media.close();
  });
});

describe('what others publish', () => {
  test('that ends before the subscription is answered leaves nothing behind', async () => {
    const { server, media, start, tracks, settle } = setUpMedia();
    await start();
    server.hold('subscribe');
    server.addPeer('p-bob', 'Bob', ['camera']);
    await settle();
    server.command({ type: 'unpublish', peerId: 'p-bob', source: 'camera' });
    await settle();
    server.release('subscribe');
    await settle();
    expect(tracks.get('p-bob.camera') ?? null).toBeNull();
    expect(server.media.flowing()).toEqual([]);
    media.close();
  });

  test('whose consumer ends before the answer that names it is asked for again', async () => {
    const { server, media, start, tracks, settle } = setUpMedia();
    await start();
    server.hold('subscribe');
    server.addPeer('p-bob', 'Bob', ['camera']);
    await settle();
    server.notify('consumersClosed', { consumerIds: ['c1'] });
    server.release('subscribe');
    await settle();
    expect(tracks.get('p-bob.camera') ?? null).toBeNull();
    await vi.advanceTimersByTimeAsync(1000);
    await settle();
    expect(tracks.get('p-bob.camera')).toBeTruthy();
    media.close();
  });

  test('in a new generation replaces the old track', async () => {
    const { server, media, start, tracks, settle } = setUpMedia();
    server.addPeer('p-bob', 'Bob', ['camera']);
    await start();
    const before = tracks.get('p-bob.camera');
    server.command({ type: 'publish', peerId: 'p-bob', source: 'camera', generation: 2, muted: false });
    await settle();
    expect(tracks.get('p-bob.camera')).not.toBe(before);
    expect(server.seenOf('subscribe')).toHaveLength(2);
    media.close();
  });

  test('and is refused is asked for again after a pause, not in a loop', async () => {
    const { server, media, start, tracks, settle } = setUpMedia();
    await start();
    server.media.refuse('p-bob.mic');
    server.addPeer('p-bob', 'Bob', ['mic']);
    await settle();
    expect(server.seenOf('subscribe')).toHaveLength(1);
    server.media.allow('p-bob.mic');
    await vi.advanceTimersByTimeAsync(1000);
    await settle();
    expect(server.seenOf('subscribe')).toHaveLength(2);
    expect(tracks.get('p-bob.mic')).toBeTruthy();
    media.close();
  });
});

describe('media that is gone', () => {
  test('[MEDIA1] by mediaMoved comes back on new transports, in the next generation, without a word from the app', async () => {
    const { server, media, start, published, settle, tracks } = setUpMedia();
    server.addPeer('p-bob', 'Bob', ['camera']);
    media.setSource('mic', { track: fakeTrack('audio'), muted: true });
    await start();
    await vi.advanceTimersByTimeAsync(1000);
    await settle();
    const before = tracks.get('p-bob.camera');
    server.media.lose();
    server.notify('mediaMoved', {});
    await settle();
    expect(published('mic')).toMatchObject({ generation: 2, muted: true });
    expect(tracks.get('p-bob.camera')).not.toBe(before);
    expect(server.media.flowing()).toEqual(['p-bob.camera']);
    expect(server.seenOf('createTransport')).toHaveLength(4);
    media.close();
  });

  test('while a transport is being made is not built upon', async () => {
    const { server, media, start, settle, published } = setUpMedia();
    server.hold('createTransport');
    media.setSource('mic', { track: fakeTrack('audio'), muted: false });
    await start();
    server.media.lose();
    server.notify('mediaMoved', {});
    server.release('createTransport');
    await settle();
    expect(server.seenOf('createTransport')).toHaveLength(4);
    expect(server.seenOf('publish')).toHaveLength(1);
    expect(published('mic')).toMatchObject({ generation: 1 });
    media.close();
  });

  test('while a subscription waits for its answer is subscribed on the new transport', async () => {
    const { server, media, start, settle, tracks } = setUpMedia();
    await start();
    server.hold('subscribe');
    server.addPeer('p-bob', 'Bob', ['camera']);
    await settle();
    server.media.lose();
    server.notify('mediaMoved', {});
    await settle();
    server.release('subscribe');
    await settle();
    expect(server.media.flowing()).toEqual(['p-bob.camera']);
    expect(tracks.get('p-bob.camera')?.readyState).toBe('live');
    media.close();
  });

  test('[RESUME1] shows by transports that the join does not name', async () => {
    const { server, media, start, published, settle } = setUpMedia();
    media.setSource('camera', { track: fakeTrack('video'), muted: false });
    await start();
    server.restart('epoch2');
    await vi.advanceTimersByTimeAsync(1000);
    await settle();
    expect(published('camera')).toMatchObject({ generation: 1 });
    expect(server.seenOf('createTransport')).toHaveLength(4);
    media.close();
  });

  test('[RESUME1] stays untouched when only the socket was cut', async () => {
    const { server, media, start, settle } = setUpMedia();
    server.addPeer('p-bob', 'Bob', ['camera']);
    media.setSource('camera', { track: fakeTrack('video'), muted: false });
    await start();
    await vi.advanceTimersByTimeAsync(1000);
    await settle();
    const before = names(server).length;
    server.cut();
    await vi.advanceTimersByTimeAsync(1000);
    await settle();
    expect(names(server).slice(before)).toEqual([]);
    media.close();
  });

  test('by a failed transport is made anew; a disconnected one gets an ICE restart first', async () => {
    const { server, media, start, handlers, settle } = setUpMedia();
    media.setSource('mic', { track: fakeTrack('audio'), muted: false });
    await start();
    const [send] = handlers;
    send?.setConnectionState('connected');
    expect(media.state).toBe('connected');
    send?.setConnectionState('disconnected');
    expect(media.state).toBe('connecting');
    await settle();
    expect(server.seenOf('restartIce')).toHaveLength(1);
    expect(server.seenOf('createTransport')).toHaveLength(2);
    send?.setConnectionState('failed');
    await settle();
    expect(server.seenOf('createTransport')).toHaveLength(3);
    expect(server.seenOf('publish')).toHaveLength(2);
    media.close();
  });

  test('by another network is looked for at once, without waiting for the old path to die', async () => {
    const { server, media, start, handlers, settle } = setUpMedia();
    media.setSource('mic', { track: fakeTrack('audio'), muted: false });
    await start();
    handlers[0]?.setConnectionState('connected');
    media.handleNetworkChanged();
    await settle();
    // The receiving transport has nothing to receive and no path to lose.
    expect(server.seenOf('restartIce')).toHaveLength(1);
    media.close();
  });

  test('[RETRY1] while a publish is under way ends with one publication that flows', async () => {
    const { server, media, start, published, settle } = setUpMedia();
    await start();
    server.hold('publish');
    media.setSource('camera', { track: fakeTrack('video'), muted: false });
    await settle();
    server.cut();
    server.release('publish');
    await vi.advanceTimersByTimeAsync(1000);
    await settle();
    // The retry carried the same id: it got the first answer instead of a second generation.
    const asked = server.seenOf('publish');
    expect(new Set(asked.map(({ id }) => id)).size).toBe(1);
    expect(asked).toHaveLength(2);
    expect(published('camera')).toMatchObject({ generation: 1 });
    media.close();
  });
});

describe('muting', () => {
  test('two quick toggles end where the second said, whatever the answers', async () => {
    const { server, media, start, published, settle } = setUpMedia();
    const track = fakeTrack('audio');
    media.setSource('mic', { track, muted: false });
    await start();
    server.hold('setMuted');
    media.setSource('mic', { track, muted: true });
    await settle();
    media.setSource('mic', { track, muted: false });
    media.setSource('mic', { track, muted: true });
    media.setSource('mic', { track, muted: false });
    await settle();
    server.release('setMuted');
    await settle();
    expect(published('mic')).toMatchObject({ muted: false });
    expect(server.seenOf('setMuted')).toHaveLength(2);
    media.close();
  });

  test('[MOD8] by a host is applied here; the echo of an own toggle is not taken for it', async () => {
    const { server, media, start, events, own, settle, published } = setUpMedia();
    const track = fakeTrack('audio');
    media.setSource('mic', { track, muted: false });
    await start();
    for (const muted of [true, false, true, false]) {
      media.setSource('mic', { track, muted });
      await settle();
    }
    expect(events.mutedByHost).not.toHaveBeenCalled();
    server.addPeer('p-host', 'Host');
    const host = { peerId: own.peerId, targetPeerId: own.peerId, source: 'mic' } as const;
    server.command({ type: 'moderatorMute', ...host });
    await settle();
    expect(events.mutedByHost).toHaveBeenCalledExactlyOnceWith('mic');
    expect(published('mic')).toMatchObject({ muted: true });
    media.close();
  });

  test('of our own that comes back late is no mute by a host: the click after it counts', async () => {
    const { server, media, start, events, settle, published } = setUpMedia();
    const track = fakeTrack('audio');
    media.setSource('mic', { track, muted: false });
    await start();
    media.setSource('mic', { track, muted: true });
    await vi.advanceTimersByTimeAsync(0); // asked, but not yet read by the server
    media.setSource('mic', { track, muted: false });
    await settle();
    expect(server.seenOf('setMuted').map(({ data }) => data.muted)).toEqual([true, false]);
    expect(events.mutedByHost).not.toHaveBeenCalled();
    expect(published('mic')).toMatchObject({ muted: false });
    media.close();
  });

  test('by a host while the socket was gone is applied after the reconnect', async () => {
    const { server, media, start, events, own, settle } = setUpMedia();
    media.setSource('mic', { track: fakeTrack('audio'), muted: false });
    await start();
    server.cut();
    server.command({ type: 'moderatorMute', peerId: own.peerId, targetPeerId: own.peerId, source: 'mic' });
    await vi.advanceTimersByTimeAsync(1000);
    await settle();
    expect(events.mutedByHost).toHaveBeenCalledExactlyOnceWith('mic');
    media.close();
  });

  test('a stop by a host ends the publication here, an own end does not count as one', async () => {
    const { server, media, start, events, own, settle } = setUpMedia();
    const track = fakeTrack('video');
    media.setSource('screen', { track, muted: false });
    await start();
    media.setSource('screen', undefined);
    media.setSource('camera', { track, muted: false });
    await settle();
    expect(events.stoppedByHost).not.toHaveBeenCalled();
    server.command({ type: 'moderatorStop', peerId: own.peerId, targetPeerId: own.peerId, source: 'camera' });
    await settle();
    expect(events.stoppedByHost).toHaveBeenCalledExactlyOnceWith('camera');
    expect(server.seenOf('publish')).toHaveLength(2);
    media.close();
  });

  test('a camera that is off and on again is the same publication with another track', async () => {
    const { server, media, start, published, settle } = setUpMedia();
    media.setSource('camera', { track: fakeTrack('video'), muted: false });
    await start();
    media.setSource('camera', { track: null, muted: true });
    await settle();
    expect(published('camera')).toMatchObject({ muted: true, generation: 1 });
    media.setSource('camera', { track: fakeTrack('video'), muted: false });
    await settle();
    expect(published('camera')).toMatchObject({ muted: false, generation: 1 });
    expect(server.seenOf('publish')).toHaveLength(1);
    media.close();
  });

  test('[LEAVE2] the end of a seat is no stop by a host', async () => {
    const { server, media, start, events, own, settle, published } = setUpMedia();
    media.setSource('mic', { track: fakeTrack('audio'), muted: false });
    await start();
    server.cut();
    server.media.lose();
    server.command({ type: 'leave', peerId: own.peerId });
    await vi.advanceTimersByTimeAsync(1000);
    await settle();
    expect(events.stoppedByHost).not.toHaveBeenCalled();
    expect(published('mic')).toMatchObject({ muted: false });
    media.close();
  });
});

describe('a source that the server does not take', () => {
  test('is told once and not tried again by itself', async () => {
    const { server, media, start, events, settle } = setUpMedia();
    await start();
    server.failNext('publish', new CallError('forbidden', 'viewers do not publish'));
    media.setSource('mic', { track: fakeTrack('audio'), muted: false });
    await settle();
    await vi.advanceTimersByTimeAsync(30_000);
    await settle();
    expect(events.refused).toHaveBeenCalledOnce();
    expect(server.seenOf('publish')).toHaveLength(1);
    media.close();
  });

  test('for the moment is tried again', async () => {
    const { server, media, start, events, settle, published } = setUpMedia();
    await start();
    server.failNext('publish', new CallError('unavailable', 'no worker'));
    media.setSource('mic', { track: fakeTrack('audio'), muted: false });
    await settle();
    await vi.advanceTimersByTimeAsync(1000);
    await settle();
    expect(events.refused).not.toHaveBeenCalled();
    expect(published('mic')).toMatchObject({ generation: 1 });
    media.close();
  });
});
