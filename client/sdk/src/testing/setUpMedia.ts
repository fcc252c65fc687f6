/**
 * Owns a media session wired to a socket and a replica as the call does it, without the call, for tests.
 * Does not own the server (FakeServer) nor time (fake timers).
 */
import { listEntities } from '@parley/protocol';
import { vi } from 'vitest';
import { MediaSession, type MediaSessionEvents, type MediaSessionOptions } from '../MediaSession.ts';
import { RoomReplica } from '../RoomReplica.ts';
import { SignalingSocket } from '../SignalingSocket.ts';
import { FakeServer } from './FakeServer.ts';
import { fakeDevices } from './fakeMedia.ts';
import { unheard } from './unheard.ts';

const grants = {
  publish: ['mic', 'camera', 'screen', 'screenAudio'],
  subscribe: true,
  chat: true,
  moderate: false,
} as const;

/** A media session and the server that it talks to. */
export function setUpMedia(options: MediaSessionOptions = {}) {
  const server = new FakeServer();
  const { devices, handlers, senders } = fakeDevices();
  const tracks = new Map<string, MediaStreamTrack | null>();
  const events = {
    stateChanged: vi.fn(),
    trackChanged: vi.fn((id: string, track: MediaStreamTrack | null) => void tracks.set(id, track)),
    qualityChanged: vi.fn(),
    troublesMeasured: vi.fn(),
    reportDue: vi.fn(),
    mutedByHost: vi.fn(),
    stoppedByHost: vi.fn(),
    refused: vi.fn(),
  } satisfies MediaSessionEvents;
  const own = { peerId: '' };
  const takeSeat = async () => {
    const since = replica.cursor;
    const joined = await socket.request('join', {
      roomId: 'room',
      displayName: 'Ada',
      ...(since && { since }),
    });
    own.peerId = joined.peerId;
    media.handleSeated(joined, { ...grants, publish: [...grants.publish] });
    replica.handleCatchUp(joined.room);
    socket.seatTaken();
  };
  const socket = new SignalingSocket(
    { url: 'ws://test', connect: server.connect },
    {
      opened: () => undefined,
      welcomed: () => void takeSeat().catch(() => undefined),
      interrupted: () => replica.handleInterrupted(),
      pinged: () => undefined,
      ended: () => undefined,
      notifications: {
        ...unheard,
        roomEvents: ({ epoch, events: roomEvents }) => replica.handleEvents(epoch, roomEvents),
        mediaMoved: () => media.handleMoved(),
        consumersClosed: ({ consumerIds }) => media.handleConsumersClosed(consumerIds),
        encodingsWanted: (wanted) => media.handleEncodingsWanted(wanted),
        audioPool: ({ publicationIds }) => media.handleAudioPool(publicationIds),
      },
    },
  );
  const media = new MediaSession((name, data) => socket.request(name, data), events, { ...options, devices });
  const replica = new RoomReplica({
    changed: (state, roomEvents) => media.handleRoom(state, roomEvents),
    missed: () => void takeSeat(),
  });
  const settle = () => server.settle(() => vi.advanceTimersByTimeAsync(0));
  const publications = () => Object.fromEntries(listEntities(server.room, 'publication'));
  const published = (source: string) => publications()[`${own.peerId}.${source}`];
  const start = async () => {
    socket.open();
    await settle();
  };
  return { server, socket, media, events, tracks, handlers, senders, own, settle, start, published };
}
