/**
 * Owns the tests of what is shown, heard and watched, from the session's methods to the server in memory and back.
 */
import { CallError, type Source } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { FakeServer } from './testing/FakeServer.ts';
import { fakeTrack } from './testing/fakeMedia.ts';
import { setUpMedia } from './testing/setUpMedia.ts';
import type { ViewTile } from './types.ts';

const tile = (peerId: string, more: Partial<ViewTile> = {}): ViewTile => ({
  peerId,
  source: 'camera',
  width: 320,
  height: 180,
  visible: true,
  priority: 'normal',
  ...more,
});

/** `count` others: p-1, p-2, ... */
function addPeers(server: FakeServer, count: number, sources: readonly Source[]): string[] {
  const peerIds = Array.from({ length: count }, (_, index) => `p-${index + 1}`);
  for (const peerId of peerIds) server.addPeer(peerId, peerId, sources);
  return peerIds;
}

const views = (server: FakeServer) => server.seenOf('setView').map(({ data }) => data.publications);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('video', () => {
  test('comes of everybody while the app has not said what it shows', async () => {
    const { server, media, start } = setUpMedia();
    addPeers(server, 3, ['camera']);
    await start();
    expect(server.media.flowing()).toHaveLength(3);
    expect(views(server)).toEqual([]);
    media.close();
  });

  test('comes of what is shown or nearly shown, and the server is told how large', async () => {
    const { server, media, start, tracks } = setUpMedia();
    addPeers(server, 4, ['camera']);
    media.setView([
      tile('p-1', { width: 639.6, priority: 'high' }),
      tile('p-2', { visible: false }),
      tile('p-1', { width: 100, priority: 'low' }),
      tile('nobody'),
    ]);
    await start();
    expect([...tracks.keys()]).toEqual(['p-1.camera', 'p-2.camera']);
    expect(views(server)).toEqual([
      [
        { publicationId: 'p-1.camera', width: 640, height: 180, visible: true, priority: 'high' },
        { publicationId: 'p-2.camera', width: 320, height: 180, visible: false, priority: 'normal' },
      ],
    ]);
    media.close();
  });

  test('that is not shown any more stays for a few seconds and is then given back', async () => {
    const { server, media, start, settle, tracks } = setUpMedia();
    addPeers(server, 2, ['camera']);
    media.setView([tile('p-1')]);
    await start();
    const first = tracks.get('p-1.camera');
    media.setView([tile('p-2')]);
    await settle();
    expect(server.media.flowing()).toEqual(['p-1.camera', 'p-2.camera']);
    await vi.advanceTimersByTimeAsync(4000);
    media.setView([tile('p-1')]);
    await settle();
    expect(tracks.get('p-1.camera')).toBe(first);
    media.setView([tile('p-2')]);
    await vi.advanceTimersByTimeAsync(5100);
    await settle();
    expect(server.media.flowing()).toEqual(['p-2.camera']);
    expect(tracks.get('p-1.camera')).toBeNull();
    media.setView([tile('p-1'), tile('p-2')]);
    await settle();
    expect(tracks.get('p-1.camera')).toBeTruthy();
    media.close();
  });

  test('of a page that was only leafed past does not pile up', async () => {
    const { server, media, start, settle } = setUpMedia();
    const peerIds = addPeers(server, 90, ['camera']);
    await start();
    for (let page = 0; page < 9; page += 1) {
      media.setView(peerIds.slice(page * 10, page * 10 + 10).map((peerId) => tile(peerId)));
      await vi.advanceTimersByTimeAsync(250);
      await settle();
    }
    expect(server.media.flowing().length).toBeLessThanOrEqual(59);
    await vi.advanceTimersByTimeAsync(6000);
    await settle();
    expect(server.media.flowing()).toEqual(peerIds.slice(80).map((peerId) => `${peerId}.camera`));
    media.close();
  });

  test('that begins while its tile stands is shown to the server then', async () => {
    const { server, media, start, settle } = setUpMedia();
    addPeers(server, 1, []);
    media.setView([tile('p-1')]);
    await start();
    server.command({ type: 'publish', peerId: 'p-1', source: 'camera', generation: 1, muted: false });
    await vi.advanceTimersByTimeAsync(200);
    await settle();
    expect(server.media.flowing()).toEqual(['p-1.camera']);
    expect(views(server).at(-1)).toMatchObject([{ publicationId: 'p-1.camera' }]);
    media.close();
  });

  test('of a screen brings its sound along, whoever shows what', async () => {
    const { server, media, start } = setUpMedia();
    addPeers(server, 1, ['screen', 'screenAudio']);
    media.setView([tile('p-1', { source: 'screen', priority: 'high' })]);
    await start();
    expect(server.media.flowing()).toEqual(['p-1.screen', 'p-1.screenAudio']);
    expect(views(server).at(-1)).toMatchObject([
      { publicationId: 'p-1.screen' },
      { publicationId: 'p-1.screenAudio', width: 0, visible: true },
    ]);
    media.close();
  });
});

describe('the view', () => {
  test('is told at once and then at most five times a second, the last one surely', async () => {
    const { server, media, start, settle } = setUpMedia();
    addPeers(server, 1, ['camera']);
    await start();
    for (let step = 0; step < 100; step += 1) {
      media.setView([tile('p-1', { width: 100 + step })]);
      await vi.advanceTimersByTimeAsync(10);
      await settle();
    }
    await vi.advanceTimersByTimeAsync(200);
    await settle();
    const widths = views(server).map((view) => (view as ViewTile[])[0]?.width);
    expect(widths[0]).toBe(100);
    expect(widths.at(-1)).toBe(199);
    expect(widths.length).toBeLessThanOrEqual(7);
    media.setView([tile('nobody'), tile('p-1', { width: 199 })]);
    await vi.advanceTimersByTimeAsync(1000);
    await settle();
    expect(views(server)).toHaveLength(widths.length);
    media.close();
  });

  test('[RESUME1] is told again with every seat, and after the media moved', async () => {
    const { server, media, start, settle } = setUpMedia();
    addPeers(server, 1, ['camera']);
    media.setView([tile('p-1')]);
    await start();
    server.cut();
    await vi.advanceTimersByTimeAsync(1000);
    await settle();
    expect(views(server)).toHaveLength(2);
    server.media.lose();
    server.notify('mediaMoved', {});
    await vi.advanceTimersByTimeAsync(1000);
    await settle();
    expect(views(server)).toHaveLength(3);
    media.close();
  });

  test('that was refused for the moment is told again', async () => {
    const { server, media, start, settle } = setUpMedia();
    addPeers(server, 1, ['camera']);
    server.failNext('setView', new CallError('rate-limited', 'slower'));
    media.setView([tile('p-1')]);
    await start();
    await vi.advanceTimersByTimeAsync(2000);
    await settle();
    expect(views(server)).toHaveLength(2);
    media.close();
  });

  test('is nobody’s business when nothing is received', async () => {
    const { server, media, start } = setUpMedia({ subscribe: false });
    addPeers(server, 1, ['camera']);
    media.setView([tile('p-1')]);
    await start();
    expect(views(server)).toEqual([]);
    media.close();
  });
});

describe('microphones', () => {
  const mics = (server: FakeServer) =>
    server.media
      .flowing()
      .filter((id) => id.endsWith('.mic'))
      .sort();
  const ids = (...peers: number[]) => peers.map((peer) => `p-${peer}.mic`);

  test('of everybody are heard in a small room, and in a large one when the server knows of no pool', async () => {
    const { server, media, start, settle } = setUpMedia();
    addPeers(server, 20, ['mic']);
    await start();
    expect(mics(server)).toHaveLength(12);
    await vi.advanceTimersByTimeAsync(2000);
    await settle();
    expect(mics(server)).toHaveLength(20);
    media.close();
  });

  test('are those of the pool, never more than twelve; who is out of it gives way only when a place is needed', async () => {
    const { server, media, start, settle, own } = setUpMedia();
    addPeers(server, 30, ['mic']);
    server.hold('createTransport');
    await start();
    const tell = async (...publicationIds: string[]) => {
      server.notify('audioPool', { publicationIds });
      await settle();
    };
    // With the join, before anything is subscribed.
    await tell(`${own.peerId}.mic`, ...ids(1, 2, 3));
    server.release('createTransport');
    await settle();
    await tell(...ids(4, 1, 2, 3));
    await tell(...ids(5, 6, 7, 8, 9, 10, 11, 12));
    expect(mics(server)).toHaveLength(12);
    await tell(...ids(13, 5, 6));
    expect(mics(server)).toHaveLength(12);
    expect(mics(server)).toContain('p-13.mic');
    expect(mics(server)).not.toContain('p-3.mic');
    await vi.advanceTimersByTimeAsync(5000);
    await settle();
    expect(mics(server)).toHaveLength(12);
    media.close();
  });

  test('that are listed are heard whoever else speaks', async () => {
    const { server, media, start, settle } = setUpMedia();
    addPeers(server, 20, ['mic']);
    media.setView([tile('p-20', { source: 'mic', width: 0, height: 0 })]);
    await start();
    server.notify('audioPool', { publicationIds: ids(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12) });
    await settle();
    expect(mics(server)).toContain('p-20.mic');
    expect(mics(server)).toHaveLength(12);
    expect(views(server).at(-1)).toMatchObject([{ publicationId: 'p-20.mic', width: 0 }]);
    media.close();
  });
});

describe('encodings', () => {
  test('that nobody watches are off for that generation, and on again in the next', async () => {
    const { server, media, start, settle, senders } = setUpMedia();
    media.setSource('camera', { track: fakeTrack('video'), muted: false });
    await start();
    const [first] = senders;
    server.notify('encodingsWanted', { source: 'camera', generation: 1, active: [true, false, false] });
    await settle();
    expect(first?.active).toEqual([true, false, false]);
    server.notify('encodingsWanted', { source: 'camera', generation: 7, active: [false, false, false] });
    await settle();
    expect(first?.active).toEqual([true, false, false]);
    server.media.lose();
    server.notify('mediaMoved', {});
    await settle();
    expect(senders[1]?.active).toEqual([true, true, true]);
    media.close();
  });

  test('are switched also when the word comes before the answer that names the generation', async () => {
    const { server, media, start, settle, senders } = setUpMedia();
    media.setSource('camera', { track: fakeTrack('video'), muted: false });
    server.hold('publish');
    await start();
    server.notify('encodingsWanted', { source: 'camera', generation: 1, active: [false, false, false] });
    await settle();
    expect(senders[0]?.active).toEqual([true, true, true]);
    server.release('publish');
    await settle();
    expect(senders[0]?.active).toEqual([false, false, false]);
    media.close();
  });

  test('stay as they are when a camera is off and on again', async () => {
    const { server, media, start, settle, senders } = setUpMedia();
    media.setSource('camera', { track: fakeTrack('video'), muted: false });
    await start();
    server.notify('encodingsWanted', { source: 'camera', generation: 1, active: [true, false, false] });
    await settle();
    media.setSource('camera', { track: null, muted: true });
    await settle();
    media.setSource('camera', { track: fakeTrack('video'), muted: false });
    await settle();
    expect(senders).toHaveLength(1);
    expect(senders[0]?.active).toEqual([true, false, false]);
    media.close();
  });
});
