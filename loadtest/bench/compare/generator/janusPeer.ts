/**
 * Owns a peer of Janus VideoRoom: one session, a handle that publishes, a handle that receives everything (multistream).
 * Does not own media (src/bot), signaling's form (JanusSession) nor SDP (sdp.ts).
 */
import type { types } from 'mediasoup-client';
import * as z from 'zod';
import { nativeRtpCapabilities } from '../../../src/bot/nativeCapabilities.ts';
import { IncomingStream } from '../../../src/bot/rtp/IncomingStream.ts';
import { ReceiveSession } from '../../../src/bot/rtp/ReceiveSession.ts';
import { SendSession } from '../../../src/bot/rtp/SendSession.ts';
import { Scratch } from '../../../src/bot/rtp/wire.ts';
import { Sender } from '../../../src/bot/Sender.ts';
import { JanusPath } from './JanusPath.ts';
import { JanusSession } from './JanusSession.ts';
import { figuresOf, firstFrameOf, type Peer, type PeerOptions } from './Peer.ts';
import { offeredStreams, type PathDescription, publisherOffer, readPath, receiverAnswer } from './sdp.ts';

/** Rooms are numbers there. */
const roomNumber = (room: string): number => Number(/\d+$/.exec(room)?.[0] ?? 0) + 1_000_000;
const ROOM_EXISTS = /already exists/;
/** Simulcast as the SDK does it. */
const CAMERA_SCALES = [4, 2, 1];
/** Beyond what any case has. */
const MOST_PUBLISHERS = 1000;

const Joined = z.object({ id: z.number() });
const Participants = z.object({
  participants: z.array(z.object({ id: z.number(), publisher: z.boolean().optional() })),
});

/** Changes what the two sides are told of each other's place, for a relay between them. */
export interface Detour {
  theirs(path: PathDescription): PathDescription;
  ours(path: PathDescription): PathDescription;
}

const straight: Detour = { theirs: (path) => path, ours: (path) => path };

export const connectToJanus = async (options: PeerOptions, detour = straight): Promise<Peer> => {
  const { url, room: roomName, name, localAddress, publish, media } = options;
  const room = roomNumber(roomName);
  const session = await JanusSession.open(url, localAddress);
  const streams: IncomingStream[] = [];
  const closing: (() => void)[] = [];
  let ownId: number | undefined;

  const startPublishing = async (): Promise<void> => {
    const handle = await session.attach();
    await createRoom(session, handle, room);
    const joined = await session.message(handle, {
      request: 'join',
      ptype: 'publisher',
      room,
      display: name,
    });
    ownId = Joined.parse(joined.data).id;
    const scratch = new Scratch();
    const sending = new SendSession(scratch, (packet) => path.send(packet));
    const path = new JanusPath(localAddress, (packet) => sending.handlePacket(packet));
    const senders: Sender[] = [];
    closing.push(() => {
      for (const sender of senders) sender.close();
      sending.close();
      path.close();
    });
    const tracks = publishedTracks(publish);
    const offer = publisherOffer(
      tracks.map(({ parameters }) => parameters),
      await path.offer(),
    );
    const isUp = session.whenUp(handle);
    const { sdp } = await session.message(handle, { request: 'publish' }, { type: 'offer', sdp: offer });
    if (sdp === undefined) throw new Error('Janus gave no answer to what is published');
    path.accept(readPath(sdp));
    for (const { parameters, ssrcs } of tracks) {
      const context = {
        media,
        speech: { seed: 1, pattern: options.talks ? ('continuous' as const) : ('silent' as const) },
        session: sending,
        isOpen: () => path.isOpen,
      };
      senders.push(new Sender(context, parameters, ssrcs));
    }
    media.wheel.add(sending, 20);
    // Before, nobody could receive it.
    await isUp;
  };

  const subscribe = async (): Promise<void> => {
    const handle = await session.attach();
    const { data } = await session.message(handle, { request: 'listparticipants', room });
    const feeds = Participants.parse(data).participants.filter(
      ({ id, publisher }) => publisher && id !== ownId,
    );
    if (feeds.length === 0) return;
    const { sdp } = await session.message(handle, {
      request: 'join',
      ptype: 'subscriber',
      room,
      streams: feeds.map(({ id }) => ({ feed: id })),
    });
    if (sdp === undefined) throw new Error('Janus offered nothing');
    const scratch = new Scratch();
    const receiving = new ReceiveSession(scratch, (packet) => path.send(packet));
    const path = new JanusPath(localAddress, (packet) => receiving.handlePacket(packet));
    closing.push(() => {
      receiving.close();
      path.close();
    });
    for (const { transportSequenceId, ...offered } of offeredStreams(sdp)) {
      const stream = new IncomingStream({
        ...offered,
        spatialLayers: offered.kind === 'video' ? CAMERA_SCALES.length : 1,
      });
      streams.push(stream);
      receiving.add(stream, transportSequenceId);
      stream.video?.setExpected(true, performance.now());
    }
    media.wheel.add(receiving, 20);
    const answer = receiverAnswer(
      sdp,
      detour.ours(await path.answer({ ...detour.theirs(readPath(sdp)), setup: 'active' })),
    );
    await session.message(handle, { request: 'start' }, { type: 'answer', sdp: answer });
  };

  if (publish.audio || publish.video) await startPublishing();
  return {
    subscribe: () => (options.subscribe ? subscribe() : Promise.resolve()),
    tracks: () => streams.map(figuresOf),
    firstFrameMs: () => firstFrameOf(streams),
    leave: async () => {
      for (const close of closing) close();
      await session.close();
    },
  };
};

async function createRoom(session: JanusSession, handle: number, room: number): Promise<void> {
  try {
    await session.message(handle, { request: 'create', room, publishers: MOST_PUBLISHERS, bitrate: 0 });
  } catch (error) {
    // Somebody else was first.
    if (!ROOM_EXISTS.test(String(error))) throw error;
  }
}

/** What is published, in the words of the other contenders; the same layers under the same SSRC rules. */
function publishedTracks(publish: PeerOptions['publish']): {
  parameters: types.RtpParameters;
  ssrcs: { ssrc: number; rtxSsrc: number }[];
}[] {
  const capabilities = nativeRtpCapabilities();
  const wanted = [
    ...(publish.audio ? (['audio'] as const) : []),
    ...(publish.video ? (['video'] as const) : []),
  ];
  return wanted.map((kind, mid) => {
    const scales = kind === 'video' ? CAMERA_SCALES : [1];
    const ssrcs = scales.map(() => ({ ssrc: randomSsrc(), rtxSsrc: randomSsrc() }));
    const parameters: types.RtpParameters = {
      mid: String(mid),
      codecs: (capabilities.codecs ?? [])
        .filter((codec) => codec.kind === kind)
        .map(({ kind: _kind, preferredPayloadType = 0, ...codec }) => ({
          ...codec,
          payloadType: preferredPayloadType,
        })),
      headerExtensions: (capabilities.headerExtensions ?? [])
        .filter((extension) => extension.kind === kind)
        .map(({ uri, preferredId }) => ({ uri, id: preferredId })),
      encodings: scales.map((scaleResolutionDownBy, index) =>
        kind === 'video' ? { rid: `r${index}`, scaleResolutionDownBy } : { ssrc: ssrcs[index]?.ssrc ?? 0 },
      ),
    };
    return { parameters, ssrcs };
  });
}

/** Not 0, which is no SSRC, nor 1, under which we report. */
const randomSsrc = (): number => 2 + Math.floor(Math.random() * (2 ** 32 - 2));
