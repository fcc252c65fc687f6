/**
 * Owns what is compared: the cases, who takes part in which, and what must arrive when all goes well.
 * Does not own how peers connect (generator/) nor which servers there are (contenders/).
 */

/** Who competes. M0, M1: mediasoup without Parley; J0, J1: Janus VideoRoom. */
export const contenderIds = ['parley', 'm1', 'm0', 'j0', 'j1'] as const;
export type ContenderId = (typeof contenderIds)[number];

/** Cases of one kind, which are asked for together. */
export const families = ['video', 'rooms', 'audio', 'join'] as const;
export type Family = (typeof families)[number];

/** What peers do in one case. Every room has the same people. */
export interface Load {
  readonly rooms: number;
  /** They also receive each other. */
  readonly publishers: number;
  /** They only receive. */
  readonly viewers: number;
  readonly publish: { readonly audio: boolean; readonly video: boolean };
  /** How many of the publishers of a room speak all the time; the others are silent (DTX). Absent: all. */
  readonly talkers?: number;
  /** `page`: what a person sees and hears of a crowd, where the server can leave out the rest; absent: everybody in full. */
  readonly layout?: 'page';
}

/** A page of 3 x 3 small tiles, and the loudest three. */
export const PAGE = { tiles: 9, width: 320, height: 180, loudest: 3 };

/** One line of the comparison. */
export interface Case {
  readonly id: string;
  readonly title: string;
  readonly family: Family;
  readonly load: Load;
  readonly contenders: readonly ContenderId[];
  /** Contenders whose figure is computed from their largest measured case of the family. */
  readonly computed: readonly ContenderId[];
  /** How often a viewer joins and leaves; 0: the load itself is measured. */
  readonly joins: number;
}

/** What one generator core receives without being the limit. A case beyond it is computed: measured, it would be the generator's figure. */
const GENERATOR_LIMIT_PER_S = 45_000;
/** Opus as the generator sends it: 20 ms a packet. */
export const AUDIO_PACKETS_PER_S = 50;
/** Pictures that the generator makes a second. */
export const FRAMES_PER_S = 30;

/** 1 publisher, N viewers. M0 has exactly M1's consumers there. */
export const videoCase = (viewers: number): Case => ({
  id: `video-${viewers}`,
  title: `1 publisher, ${viewers} viewers: 720p simulcast`,
  family: 'video',
  load: { rooms: 1, publishers: 1, viewers, publish: { audio: false, video: true } },
  contenders: ['parley', 'm1', 'j0', 'j1'],
  computed: [],
  joins: 0,
});

/** Rooms of eight with all cameras on. M0 has exactly M1's consumers there too, until Parley sends less than everything. */
export const roomsCase = (rooms: number): Case => ({
  id: `rooms-${rooms}x8`,
  title: `${rooms} room${rooms === 1 ? '' : 's'} of 8, all cameras on: 720p simulcast`,
  family: 'rooms',
  load: { rooms, publishers: 8, viewers: 0, publish: { audio: false, video: true } },
  contenders: ['parley', 'm1', 'j0', 'j1'],
  computed: [],
  joins: 0,
});

/** One room, every microphone open, everybody talks. Parley sends the loudest three, so M1 gets just as many; the others send everything. */
export function audioCase(people: number, contenders: readonly ContenderId[]): Case {
  const publish = { audio: true, video: false };
  const load: Load = { rooms: 1, publishers: people, viewers: 0, publish, layout: 'page' };
  const isBeyond = (id: ContenderId): boolean =>
    tracksOf(load, id).audio * AUDIO_PACKETS_PER_S > GENERATOR_LIMIT_PER_S;
  return {
    id: `audio-${people}`,
    title: `1 room of ${people}, all microphones open: Opus, 50 packets/s each`,
    family: 'audio',
    load,
    contenders: contenders.filter((id) => !isBeyond(id)),
    computed: contenders.filter(isBeyond),
    joins: 0,
  };
}

/** Somebody comes to a room in which one camera is on. */
const joinCase = (joins: number): Case => ({
  id: 'join',
  title: 'Join to first frame, generator as client',
  family: 'join',
  load: { rooms: 1, publishers: 1, viewers: 0, publish: { audio: false, video: true } },
  contenders: ['parley', 'm1', 'j0', 'j1'],
  computed: [],
  joins,
});

/** Who can leave out what nobody sees or hears: Parley by itself, M1 as its peers ask for no more than that. */
const leavesOut = (contender: ContenderId): boolean => contender === 'parley' || contender === 'm1';

/** What a contender's peers do of a load: where nothing can be left out, everybody gets everything. */
export function loadFor(load: Load, contender: ContenderId): Load {
  const { layout, ...everything } = load;
  return leavesOut(contender) ? load : everything;
}

/** How many tracks bring something at a time, by kind. */
export interface Tracks {
  readonly video: number;
  readonly audio: number;
}

/** Tracks of a load. Silent microphones bring nothing, and Parley sends the loudest, whatever is asked for. */
export function tracksOf(load: Load, contender: ContenderId): Tracks {
  const { rooms, publishers, viewers, publish, talkers = publishers, layout } = loadFor(load, contender);
  const sees = layout === 'page' ? PAGE.tiles : Number.POSITIVE_INFINITY;
  const hears = contender === 'parley' || layout === 'page' ? PAGE.loudest : Number.POSITIVE_INFINITY;
  const seen = publishers * Math.min(sees, publishers - 1) + viewers * Math.min(sees, publishers);
  const heard =
    talkers * Math.min(hears, talkers - 1) + (publishers - talkers + viewers) * Math.min(hears, talkers);
  return { video: publish.video ? rooms * seen : 0, audio: publish.audio ? rooms * heard : 0 };
}

/** The whole comparison. 100 people are the most that Parley lets into a room; Janus gets as much audio as its core can carry. */
export const fullCases = (): Case[] => [
  videoCase(99),
  roomsCase(2),
  audioCase(20, contenderIds),
  audioCase(30, ['parley', 'm1', 'm0']),
  audioCase(50, ['parley', 'm1', 'm0']),
  audioCase(100, ['parley', 'm1', 'm0']),
  joinCase(5),
];

/** Small versions, to see that everything works. */
export const quickCases = (): Case[] => [videoCase(2), roomsCase(1), audioCase(4, contenderIds), joinCase(2)];
