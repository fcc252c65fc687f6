/**
 * Owns the rules of a room: `decide(state, command)` gives the patches that the command means, or the error.
 * Does not own time, ids, storage or media: commands bring all they need. Pure, so every rule is tested without I/O.
 */
import { CallError } from './errors.ts';
import { publicationIdOf, type Role, type Source, sources, type VideoCodec } from './ids.ts';
import {
  type EntityName,
  type EntityTypes,
  entityVersion,
  getEntity,
  listEntities,
  type Patch,
  type Peer,
  ROOM_ENTITY_ID,
  type RoomState,
} from './roomModel.ts';

/** Everything that changes a room. `peerId` is always the acting peer, issued by the server. */
export type RoomCommand =
  | {
      type: 'join';
      peerId: string;
      userId: string;
      displayName: string;
      role: Role;
      /** What the seat may publish. A seat that is taken back with fewer rights loses what it published beyond them. */
      publish: readonly Source[];
      /** Guests moderate among themselves: the first becomes host. */
      guest: boolean;
      /** When the token expires; absent for guests. */
      tokenExpiresAtMs?: number;
      sessionEndsAtMs: number;
      nowMs: number;
      callId: string;
      callStartedAtMs: number;
      /** The order of preference that a call begins with; what later ones bring is not looked at. */
      videoCodecs: readonly VideoCodec[];
      maxPeers: number;
      maxViewers: number;
    }
  /** `mayReturn`: the page went, maybe to be loaded again. A host of guests keeps the hat then, until `replaceAbsentHost`. */
  | { type: 'leave'; peerId: string; mayReturn?: boolean }
  | { type: 'setConnection'; peerId: string; connection: 'online' | 'reconnecting' }
  | { type: 'publish'; peerId: string; source: Source; generation: number; muted: boolean }
  | { type: 'unpublish'; peerId: string; source: Source }
  /** A device came that cannot receive these: nobody sends them any more while the call lasts. */
  | { type: 'excludeCodecs'; codecs: readonly VideoCodec[] }
  | { type: 'setMuted'; peerId: string; source: Source; muted: boolean }
  /** A host mutes somebody's publication; only its owner can unmute it. */
  | { type: 'moderatorMute'; peerId: string; targetPeerId: string; source: Source }
  /** A host ends somebody's publication (a share, a camera). */
  | { type: 'moderatorStop'; peerId: string; targetPeerId: string; source: Source }
  /**
   * A host removes somebody, with every seat of the same identity: the identity is barred until its last token expires (a guest:
   * while the call lasts), the sessions for good.
   */
  | { type: 'remove'; peerId: string; targetPeerId: string }
  /** The host of guests did not come back in time: after a restart, or since the page went. */
  | { type: 'replaceAbsentHost' }
  /** Media goes to a node: the first one to say so wins, and `instead` is one that is lost or ends. */
  | { type: 'placeMedia'; nodeId: string; instead: string | undefined };

/** What a commit is conditional on: these entities still have these versions (0: still absent), the count holds. */
export interface Decision {
  readonly patches: readonly Patch[];
  readonly reads: readonly { readonly entity: string; readonly id: string; readonly version: number }[];
  readonly limits: readonly { readonly entity: string; readonly max: number }[];
}

/** Looks at a state and remembers what it looked at. */
class Reader {
  readonly reads = new Map<string, { entity: string; id: string; version: number }>();
  readonly #state: RoomState;

  constructor(state: RoomState) {
    this.#state = state;
  }

  get<E extends EntityName>(entity: E, id: string): EntityTypes[E] | undefined {
    this.reads.set(`${entity} ${id}`, { entity, id, version: entityVersion(this.#state, entity, id) });
    return getEntity(this.#state, entity, id);
  }

  /** Not remembered: only for choices that stay right when the list has changed meanwhile. */
  list<E extends EntityName>(entity: E): [string, EntityTypes[E]][] {
    return listEntities(this.#state, entity);
  }

  /** A seat, listed or watching. */
  find(peerId: string): { readonly entity: 'peer' | 'viewer'; readonly peer: Peer } | undefined {
    for (const entity of ['peer', 'viewer'] as const) {
      const peer = this.get(entity, peerId);
      if (peer) return { entity, peer };
    }
    return undefined;
  }

  seated(peerId: string): Peer {
    const seat = this.find(peerId);
    if (!seat)
      throw new CallError('not-found', 'No such participant in this room', { details: { what: 'peer' } });
    return seat.peer;
  }

  publication(peerId: string, source: Source): EntityTypes['publication'] {
    const publication = this.get('publication', publicationIdOf(peerId, source));
    if (!publication) {
      throw new CallError('not-found', `No ${source} is published`, { details: { what: 'publication' } });
    }
    return publication;
  }

  assertHost(peerId: string): void {
    const isHost =
      this.seated(peerId).role === 'host' || this.get('room', ROOM_ENTITY_ID)?.hostPeerId === peerId;
    if (!isHost) throw new CallError('forbidden', 'Only a host can do this');
  }
}

/**
 * Decides one command on one state.
 * @throws CallError `not-found`, `forbidden` or `capacity`; nothing is changed then.
 */
export function decide(state: RoomState, command: RoomCommand): Decision {
  const reader = new Reader(state);
  const limits: { entity: string; max: number }[] = [];
  const patches = patchesOf(reader, command, limits);
  return { patches, reads: [...reader.reads.values()], limits };
}

function patchesOf(reader: Reader, command: RoomCommand, limits: { entity: string; max: number }[]): Patch[] {
  switch (command.type) {
    case 'join':
      return join(reader, command, limits);
    case 'leave':
      return leave(reader, command);
    case 'setConnection': {
      const seat = reader.find(command.peerId);
      if (!seat || seat.peer.connection === command.connection) return [];
      return [{ entity: seat.entity, id: command.peerId, set: { connection: command.connection } }];
    }
    case 'publish':
      return publish(reader, command);
    case 'unpublish':
      return unpublish(reader, command.peerId, command.source);
    case 'excludeCodecs': {
      const before = reader.get('room', ROOM_ENTITY_ID)?.videoCodecs ?? [];
      const videoCodecs = before.filter((codec) => !command.codecs.includes(codec));
      if (videoCodecs.length === before.length) return [];
      return [{ entity: 'room', id: ROOM_ENTITY_ID, set: { videoCodecs } }];
    }
    case 'setMuted': {
      const publication = reader.publication(command.peerId, command.source);
      return publication.muted === command.muted ? [] : [mute(command.peerId, command.source, command.muted)];
    }
    case 'moderatorMute': {
      reader.assertHost(command.peerId);
      const publication = reader.publication(command.targetPeerId, command.source);
      return publication.muted ? [] : [mute(command.targetPeerId, command.source, true)];
    }
    case 'moderatorStop':
      reader.assertHost(command.peerId);
      reader.publication(command.targetPeerId, command.source);
      return unpublish(reader, command.targetPeerId, command.source);
    case 'remove':
      return remove(reader, command);
    case 'replaceAbsentHost': {
      const hostPeerId = reader.get('room', ROOM_ENTITY_ID)?.hostPeerId;
      return !hostPeerId || reader.get('peer', hostPeerId) ? [] : [handOver(reader, [hostPeerId])];
    }
    case 'placeMedia': {
      const { nodeId, instead } = command;
      if (reader.get('mediaHome', ROOM_ENTITY_ID)?.nodeId !== instead) return [];
      return [{ entity: 'mediaHome', id: ROOM_ENTITY_ID, set: { nodeId } }];
    }
  }
}

const mute = (peerId: string, source: Source, muted: boolean): Patch => ({
  entity: 'publication',
  id: publicationIdOf(peerId, source),
  set: { muted },
});

function join(
  reader: Reader,
  command: Extract<RoomCommand, { type: 'join' }>,
  limits: { entity: string; max: number }[],
): Patch[] {
  for (const id of [command.userId, command.peerId]) {
    const ban = reader.get('ban', id);
    if (ban && (ban.untilMs === undefined || ban.untilMs > command.nowMs)) {
      throw new CallError('forbidden', 'A host removed you from this room', {
        details: { reason: 'removed' },
      });
    }
  }
  const patches: Patch[] = [];
  const room = reader.get('room', ROOM_ENTITY_ID);
  const settings: Record<string, unknown> = {};
  if (room?.callId !== command.callId) {
    settings.callId = command.callId;
    settings.startedAtMs = command.callStartedAtMs;
    settings.videoCodecs = [...command.videoCodecs];
  }
  if (command.guest && command.role !== 'viewer' && !room?.hostPeerId) settings.hostPeerId = command.peerId;
  if (Object.keys(settings).length > 0) patches.push({ entity: 'room', id: ROOM_ENTITY_ID, set: settings });

  const before = reader.find(command.peerId);
  const { peerId, userId, displayName, role, tokenExpiresAtMs, sessionEndsAtMs } = command;
  const seat = reader.get('seat', command.peerId);
  if (seat?.sessionEndsAtMs !== sessionEndsAtMs || seat.tokenExpiresAtMs !== tokenExpiresAtMs) {
    const set = { sessionEndsAtMs, tokenExpiresAtMs: tokenExpiresAtMs ?? null };
    patches.push({ entity: 'seat', id: command.peerId, set });
  }
  const entity = role === 'viewer' ? 'viewer' : 'peer';
  if (before?.entity !== entity) {
    limits.push({ entity, max: entity === 'viewer' ? command.maxViewers : command.maxPeers });
    if (before) patches.push({ entity: before.entity, id: peerId, delete: true });
    const joinedAtMs = before?.peer.joinedAtMs ?? command.nowMs;
    const set = { userId, displayName, role, connection: 'online', joinedAtMs };
    patches.push({ entity, id: peerId, set });
  } else if (
    before.peer.connection !== 'online' ||
    before.peer.displayName !== displayName ||
    before.peer.role !== role
  ) {
    patches.push({ entity, id: peerId, set: { displayName, role, connection: 'online' } });
  }
  if (before) {
    const granted = role === 'viewer' ? [] : command.publish;
    const lost = sources.filter((source) => !granted.includes(source));
    patches.push(...lost.flatMap((source) => unpublish(reader, peerId, source)));
    if (role === 'viewer' && room?.hostPeerId === peerId) patches.push(handOver(reader, [peerId]));
  }
  return patches;
}

function leave(reader: Reader, { peerId, mayReturn }: Extract<RoomCommand, { type: 'leave' }>): Patch[] {
  if (!reader.find(peerId)) return [];
  return mayReturn ? vacate(reader, peerId) : [...vacate(reader, peerId), ...passHat(reader, [peerId])];
}

/** Everything that goes when a seat ends, but for the host's hat: the peer and what it published. */
function vacate(reader: Reader, peerId: string): Patch[] {
  const patches: Patch[] = sources.flatMap((source) => unpublish(reader, peerId, source));
  const seat = reader.find(peerId);
  if (seat) patches.push({ entity: seat.entity, id: peerId, delete: true });
  if (reader.get('seat', peerId)) patches.push({ entity: 'seat', id: peerId, delete: true });
  return patches;
}

/** The hat, where one of those who go for good has it. */
function passHat(reader: Reader, gone: readonly string[]): Patch[] {
  const hostPeerId = reader.get('room', ROOM_ENTITY_ID)?.hostPeerId;
  return hostPeerId !== undefined && gone.includes(hostPeerId) ? [handOver(reader, gone)] : [];
}

/** The longest-present participant takes over as host; if they go in the same moment, one of both decides again. */
function handOver(reader: Reader, gone: readonly string[]): Patch {
  const [next] = reader
    .list('peer')
    .filter(([id]) => !gone.includes(id))
    .sort(([, a], [, b]) => a.joinedAtMs - b.joinedAtMs);
  if (next) reader.get('peer', next[0]);
  return { entity: 'room', id: ROOM_ENTITY_ID, set: { hostPeerId: next ? next[0] : null } };
}

function publish(reader: Reader, command: Extract<RoomCommand, { type: 'publish' }>): Patch[] {
  const { peerId, source, generation, muted } = command;
  if (reader.seated(peerId).role === 'viewer') throw new CallError('forbidden', 'Viewers do not publish');
  const id = publicationIdOf(peerId, source);
  const before = reader.get('publication', id);
  if (before && before.generation >= generation) return [];
  return [{ entity: 'publication', id, set: { peerId, source, generation, muted } }];
}

function unpublish(reader: Reader, peerId: string, source: Source): Patch[] {
  const id = publicationIdOf(peerId, source);
  return reader.get('publication', id) ? [{ entity: 'publication', id, delete: true }] : [];
}

function remove(reader: Reader, command: Extract<RoomCommand, { type: 'remove' }>): Patch[] {
  reader.assertHost(command.peerId);
  const { userId } = reader.seated(command.targetPeerId);
  if (reader.seated(command.peerId).userId === userId) {
    throw new CallError('invalid-request', 'Leave instead of removing yourself', {
      details: { path: 'data.peerId' },
    });
  }
  // Who of this identity comes in before the bar is committed is not among them: RoomEngine looks again.
  const peerIds = [...reader.list('peer'), ...reader.list('viewer')]
    .filter(([, peer]) => peer.userId === userId)
    .map(([id]) => id);
  const seats = peerIds.map((id) => ({ id, seat: reader.get('seat', id) }));
  const tokenEnds = seats.flatMap(({ seat }) => seat?.tokenExpiresAtMs ?? []);
  return [
    bar(reader, userId, tokenEnds),
    // Without a token the bar ends with the call, for the session too.
    ...seats.map(({ id, seat }) =>
      bar(reader, id, seat?.tokenExpiresAtMs === undefined ? [] : [seat.sessionEndsAtMs]),
    ),
    ...peerIds.flatMap((id) => vacate(reader, id)),
    ...passHat(reader, peerIds),
  ];
}

/**
 * Bars an id until the latest of these times, never for a shorter time than before; without any time as long as the call lasts.
 * Where only one of two bars has a time it stays, because it holds beyond the call. (That is never one identity: guests, who have
 * no token, and members do not meet in one tenant.)
 */
function bar(reader: Reader, id: string, ends: readonly number[]): Patch {
  const known = reader.get('ban', id)?.untilMs;
  const times = known === undefined ? ends : [known, ...ends];
  return { entity: 'ban', id, set: times.length === 0 ? {} : { untilMs: Math.max(...times) } };
}
