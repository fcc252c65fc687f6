/**
 * Owns the people as shown: room entities, tracks, speakers and quality put together, one object per person that stays the same
 * while nothing about that person changes. Does not own where any of it comes from.
 */
import {
  getEntity,
  kindOf,
  listEntities,
  type OwnTrouble,
  type Peer,
  type Publication,
  ROOM_ENTITY_ID,
  type RoomState,
  type Source,
  type TroubleCode,
  visibleName,
} from '@parley/protocol';
import { keep, keepList } from './keep.ts';
import { qualityOfScore } from './quality/verdict.ts';
import type { MediaState, Participant } from './types.ts';

type OwnPublications = readonly (readonly [string, Publication])[];

/** What a participant was made from: while none of it changes, nothing is made again, in a room of hundreds too. */
interface Made {
  readonly from: readonly unknown[];
  readonly participant: Participant;
}

type Media = Readonly<Partial<Record<Source, MediaState>>>;

/** Everybody in the call, in the order of joining. */
export class Participants {
  #list: readonly Participant[] = [];
  #byId: ReadonlyMap<string, Made> = new Map();
  #publications: { readonly of: unknown; readonly byPeer: ReadonlyMap<string, OwnPublications> } | undefined;
  readonly #visibleNames = new WeakMap<Peer, string>();
  /** Whose tracks have changed since they were made. */
  readonly #retracked = new Set<string>();
  #state: RoomState | undefined;
  #localPeerId: string | undefined;
  /** Shown where the room does not list the own seat: viewers are only counted. */
  #self: Peer | undefined;
  #localMedia: Media = {};
  readonly #tracks = new Map<string, MediaStreamTrack>();
  readonly #quality = new Map<string, Participant['quality']>();
  #troubles: ReadonlyMap<string, TroubleCode> = new Map();
  #speaking: ReadonlySet<string> = new Set();
  #activeSpeakerId: string | undefined;

  /** As shown; call after any of the setters. The same array while nothing changed. */
  list(): readonly Participant[] {
    const state = this.#state;
    if (!state) return this.#list;
    const publications = this.#publicationsOf(state);
    const hostPeerId = getEntity(state, 'room', ROOM_ENTITY_ID)?.hostPeerId;
    const namesakes = new Map<string, number>();
    const next = this.#shown(state).map(([peerId, peer]) => {
      const name = this.#visibleName(peer);
      const count = (namesakes.get(name) ?? 0) + 1;
      namesakes.set(name, count);
      const label = count === 1 ? peer.displayName : `${peer.displayName} (${count})`;
      const isHost = peer.role === 'host' || hostPeerId === peerId;
      return this.#make(peerId, peer, label, isHost, publications.get(peerId));
    });
    this.#retracked.clear();
    this.#list = keepList(
      this.#list,
      next.map(({ participant }) => participant),
    );
    this.#byId = new Map(next.map((made) => [made.participant.peerId, made]));
    return this.#list;
  }

  /** Who speaks, or spoke last and is still here. */
  activeSpeakerId(): string | undefined {
    const [loudest] = [...this.#speaking].filter((peerId) => this.#byId.has(peerId));
    const last = this.#activeSpeakerId;
    this.#activeSpeakerId = loudest ?? (last !== undefined && this.#byId.has(last) ? last : undefined);
    return this.#activeSpeakerId;
  }

  /**
   * The room, and whose seat in it is this client's.
   * @param self what to show of a local viewer, whom the room does not list.
   */
  setRoom(state: RoomState, localPeerId: string, self?: Peer): void {
    this.#state = state;
    this.#localPeerId = localPeerId;
    this.#self = self?.role === 'viewer' ? self : undefined;
  }

  /** What the own tile shows: from the devices, not from the log, so that a click shows at once. */
  setLocalMedia(media: Media): void {
    this.#localMedia = media;
  }

  /** A remote publication's track; null when it is gone. */
  setTrack(publicationId: string, track: MediaStreamTrack | null): void {
    if (track) this.#tracks.set(publicationId, track);
    else this.#tracks.delete(publicationId);
    this.#retracked.add(publicationId);
  }

  /** Who speaks now, loudest first. */
  setSpeakers(peerIds: readonly string[]): void {
    this.#speaking = new Set(peerIds);
  }

  /** Quality of what others send, 0-10. The own one is measured here. */
  setScores(scores: readonly { readonly peerId: string; readonly score: number }[]): void {
    for (const { peerId, score } of scores) {
      if (peerId !== this.#localPeerId) this.#quality.set(peerId, qualityOfScore(score));
    }
  }

  /** Quality of the own connection. */
  setLocalQuality(quality: Participant['quality']): void {
    if (this.#localPeerId !== undefined) this.#quality.set(this.#localPeerId, quality);
  }

  /** What is wrong on whose side. */
  setTroubles(own: OwnTrouble | undefined, weakPeerIds: ReadonlySet<string>): void {
    // While the own network is weak nothing that is seen from here speaks against another one.
    const weak = own === 'your-network' ? [] : [...weakPeerIds];
    const troubles = new Map<string, TroubleCode>(weak.map((peerId) => [peerId, 'their-network']));
    const local = this.#localPeerId;
    if (local !== undefined) troubles.delete(local);
    if (local !== undefined && own) troubles.set(local, own);
    this.#troubles = troubles;
  }

  #shown(state: RoomState): [string, Peer][] {
    const listed = listEntities(state, 'peer');
    if (!this.#self || this.#localPeerId === undefined) return listed;
    return [...listed, [this.#localPeerId, this.#self]];
  }

  #make(
    peerId: string,
    peer: Peer,
    label: string,
    isHost: boolean,
    publications: OwnPublications = NOTHING,
  ): Made {
    const { userId, displayName, role, connection } = peer;
    const isLocal = peerId === this.#localPeerId;
    const made = this.#byId.get(peerId);
    const heard = this.#speaking.has(peerId);
    const measured = this.#quality.get(peerId);
    const local = isLocal && this.#localMedia;
    const trouble = this.#troubles.get(peerId);
    const from = [peer, label, isHost, publications, local, heard, measured, trouble];
    const retracked = publications.some(([publicationId]) => this.#retracked.has(publicationId));
    if (made && !retracked && made.from.every((part, index) => part === from[index])) return made;

    const before = made?.participant;
    const media = isLocal ? this.#localMedia : this.#remoteMedia(before?.media ?? {}, publications);
    const speaking = heard && media.mic?.muted === false;
    const quality = measured ?? 'unknown';
    const seat = { peerId, userId, displayName, label, isLocal, isHost, role, connection };
    return { from, participant: keep(before, { ...seat, media, speaking, quality, trouble }) };
  }

  #visibleName(peer: Peer): string {
    const name = this.#visibleNames.get(peer) ?? visibleName(peer.displayName);
    this.#visibleNames.set(peer, name);
    return name;
  }

  /** Grouped once per change of any of them. A peer whose own ones did not change keeps its list. */
  #publicationsOf(state: RoomState): ReadonlyMap<string, OwnPublications> {
    const of = state.tables.get('publication');
    if (!this.#publications || this.#publications.of !== of) {
      const before = this.#publications?.byPeer;
      const byPeer = new Map(
        [...groupByPeer(state)].map(([peerId, own]) => {
          const known = before?.get(peerId);
          return [peerId, known && samePublications(known, own) ? known : own] as const;
        }),
      );
      this.#publications = { of, byPeer };
    }
    return this.#publications.byPeer;
  }

  #remoteMedia(before: Media, publications: OwnPublications): Media {
    const media: Partial<Record<Source, MediaState>> = {};
    for (const [publicationId, { source, muted }] of publications) {
      const hidden = muted && kindOf(source) === 'video';
      const track = hidden ? null : (this.#tracks.get(publicationId) ?? null);
      media[source] = keep(before[source], { source, muted, track });
    }
    return keep(before, media);
  }
}

const NOTHING: OwnPublications = [];

const samePublications = (a: OwnPublications, b: OwnPublications): boolean =>
  a.length === b.length && a.every(([, publication], index) => publication === b[index]?.[1]);

function groupByPeer(state: RoomState): Map<string, [string, Publication][]> {
  const byPeer = new Map<string, [string, Publication][]>();
  for (const [publicationId, publication] of listEntities(state, 'publication')) {
    const own = byPeer.get(publication.peerId) ?? [];
    own.push([publicationId, publication]);
    byPeer.set(publication.peerId, own);
  }
  return byPeer;
}
