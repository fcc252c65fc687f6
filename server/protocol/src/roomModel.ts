/**
 * Owns the room model: entity schemas, the state they form, events, and `reduce`, the generic merge.
 * Does not own who may change what: that is `decide` (decide.ts). Pure; the same code runs on nodes and in browsers.
 */
import * as z from 'zod/mini';
import { Id, Role, RoomId, Source, VideoCodec } from './ids.ts';

/** The room itself; one entity with the id `room`. */
export const RoomSettings = z.object({
  /** Identifies one call: from the first join until the room stayed empty for the timeout. */
  callId: Id,
  startedAtMs: z.number(),
  /** In guest mode: who moderates, because nobody holds a host token. Handed on when they leave; absent while their page reloads. */
  hostPeerId: z.optional(Id),
  /**
   * In which codec pictures are sent: the first one that a publisher sends well, else VP8. Who can not receive one of them takes it out, for
   * the rest of the call.
   */
  videoCodecs: z.optional(z.array(VideoCodec)),
});
export type RoomSettings = z.infer<typeof RoomSettings>;

/** A session's seat in the room. As a `peer` it is listed; as a `viewer` it only watches, and clients get to see how many there are. */
export const Peer = z.object({
  userId: Id,
  displayName: z.string(),
  role: Role,
  /** reconnecting: the socket is gone, the grace time runs, media may still flow. */
  connection: z.enum(['online', 'reconnecting']),
  joinedAtMs: z.number(),
});
export type Peer = z.infer<typeof Peer>;

/** What a peer publishes; its id is `<peerId>.<source>`. */
export const Publication = z.object({
  peerId: Id,
  source: Source,
  /** Raised each time the media behind it is produced anew (reload, worker death, drain). */
  generation: z.int(),
  /** The user's intent, or a host's; RTP stops meanwhile. */
  muted: z.boolean(),
});
export type Publication = z.infer<typeof Publication>;

/** What a removal has to know about a seat; its id is the peer id. Never sent to clients. */
export const Seat = z.object({
  /** When the token behind the seat expires; absent for guests. */
  tokenExpiresAtMs: z.optional(z.number()),
  /** When the session ends for good: no resume token works any longer. */
  sessionEndsAtMs: z.number(),
});
export type Seat = z.infer<typeof Seat>;

/** Who was removed; its id is the user id, and another one the peer id (a session outlives its token). Never sent to clients. */
export const Ban = z.object({
  /** Until when (server time); absent: as long as the call lasts. */
  untilMs: z.optional(z.number()),
});
export type Ban = z.infer<typeof Ban>;

/** Where the room's media is, in a deployment of several nodes; one entity with the id `room`. Never sent to clients. */
export const MediaHome = z.object({ nodeId: Id });
export type MediaHome = z.infer<typeof MediaHome>;

/** Every kind of entity and its value. A node or client skips kinds that it does not know. */
export interface EntityTypes {
  room: RoomSettings;
  peer: Peer;
  /** Who only watches. Never sent to clients: a thousand of them must not cost each client a thousand events. */
  viewer: Peer;
  publication: Publication;
  seat: Seat;
  ban: Ban;
  mediaHome: MediaHome;
}
export type EntityName = keyof EntityTypes;

/** The id of the one `room` entity. */
export const ROOM_ENTITY_ID = 'room';

const clientVisible = new Set<string>(['room', 'peer', 'publication']);

/** Whether clients get to see entities of this kind. */
export const isClientVisible = (entity: string): boolean => clientVisible.has(entity);

/** One change: fields to set (creates the entity when absent; merged shallowly; `null` removes a field), or a delete. */
export const Patch = z.union([
  z.object({ entity: z.string(), id: Id, set: z.record(z.string(), z.unknown()) }),
  z.object({ entity: z.string(), id: Id, delete: z.literal(true) }),
]);
export type Patch = z.infer<typeof Patch>;

/** One committed step of the log. Versions of a room's epoch are gapless from 1. */
export const RoomEvent = z.object({
  version: z.int(),
  patches: z.array(Patch),
  /** Towards clients: stands for the versions from this one on, because those before `version` hold nothing that clients see. */
  from: z.optional(z.int()),
});
export type RoomEvent = z.infer<typeof RoomEvent>;

/** A position in a room's log: a version means something only within its epoch. */
export const Cursor = z.object({ epoch: Id, version: z.int().check(z.gte(0)) });
export type Cursor = z.infer<typeof Cursor>;

const Entry = z.object({ version: z.int(), value: z.record(z.string(), z.unknown()) });

/** The whole state at one version, as sent to who cannot be caught up by events. */
export const RoomSnapshot = z.object({
  roomId: RoomId,
  epoch: Id,
  version: z.int(),
  entities: z.record(z.string(), z.record(z.string(), Entry)),
});
export type RoomSnapshot = z.infer<typeof RoomSnapshot>;

/** How many only watch. */
export const ViewerCount = z.int().check(z.gte(0));

/** What a joining or resuming client gets: the missed events, or everything. */
export const CatchUp = z.union([
  z.object({ snapshot: RoomSnapshot, viewers: ViewerCount }),
  z.object({ epoch: Id, events: z.array(RoomEvent), viewers: ViewerCount }),
]);
export type CatchUp = z.infer<typeof CatchUp>;

/** An entity with the version of the event that last changed it. */
export interface EntityEntry<T> {
  readonly version: number;
  readonly value: T;
}

type Table = ReadonlyMap<string, EntityEntry<Record<string, unknown>>>;

/** Folded state of a room. Immutable: `reduce` gives a new one and shares what did not change. */
export interface RoomState {
  readonly roomId: string;
  readonly epoch: string;
  readonly version: number;
  readonly tables: ReadonlyMap<string, Table>;
}

/** A room in which nothing has happened. */
export const emptyRoom = (roomId: string, epoch: string): RoomState => ({
  roomId,
  epoch,
  version: 0,
  tables: new Map(),
});

/**
 * Folds events into a state. Events at or below the state's version are skipped (so that at-least-once delivery folds
 * to exactly-once); the caller must have checked that no version is missing ({@link isNext}).
 * Costs the size of each touched table once per call, not once per event: hand over batches whole.
 */
export function reduce(state: RoomState, events: readonly RoomEvent[]): RoomState {
  const tables = new Map(state.tables);
  const copied = new Map<string, Map<string, EntityEntry<Record<string, unknown>>>>();
  let version = state.version;
  for (const event of events) {
    if (event.version <= version) continue;
    version = event.version;
    for (const patch of event.patches) {
      let table = copied.get(patch.entity);
      if (!table) {
        table = new Map(state.tables.get(patch.entity));
        copied.set(patch.entity, table);
        tables.set(patch.entity, table);
      }
      if ('delete' in patch) table.delete(patch.id);
      else table.set(patch.id, { version, value: merge(table.get(patch.id)?.value, patch.set) });
    }
  }
  return version === state.version ? state : { ...state, version, tables };
}

function merge(
  before: Record<string, unknown> | undefined,
  set: Record<string, unknown>,
): Record<string, unknown> {
  const value: Record<string, unknown> = { ...before };
  for (const [field, next] of Object.entries(set)) {
    if (next === null) delete value[field];
    else value[field] = next;
  }
  return value;
}

/** Whether these events continue the state without a hole (already folded ones in front are fine). */
export const isNext = (state: RoomState, events: readonly RoomEvent[]): boolean => {
  const first = events.find((event) => event.version > state.version);
  return first === undefined || (first.from ?? first.version) <= state.version + 1;
};

const schemas: { [E in EntityName]: z.ZodMiniType<EntityTypes[E]> } = {
  room: RoomSettings,
  peer: Peer,
  viewer: Peer,
  publication: Publication,
  seat: Seat,
  ban: Ban,
  mediaHome: MediaHome,
};

const parsed = new WeakMap<object, unknown>();

function typed<E extends EntityName>(entity: E, value: Record<string, unknown>): EntityTypes[E] {
  const known = parsed.get(value);
  if (known !== undefined) return known as EntityTypes[E]; // put there by the line below, same table
  const result = schemas[entity].parse(value);
  parsed.set(value, result);
  return result;
}

/** One entity, or undefined. Values are parsed once by their schema: an older client skips fields that it does not know. */
export function getEntity<E extends EntityName>(
  state: RoomState,
  entity: E,
  id: string,
): EntityTypes[E] | undefined {
  const entry = state.tables.get(entity)?.get(id);
  return entry && typed(entity, entry.value);
}

/** All entities of a kind with their ids, in the order of their creation. */
export function listEntities<E extends EntityName>(state: RoomState, entity: E): [string, EntityTypes[E]][] {
  const table = state.tables.get(entity);
  return table ? [...table].map(([id, entry]) => [id, typed(entity, entry.value)]) : [];
}

/** How many entities of a kind there are. */
export const countEntities = (state: RoomState, entity: EntityName): number =>
  state.tables.get(entity)?.size ?? 0;

/** Who sits there, listed or watching. */
export const getSeated = (state: RoomState, peerId: string): Peer | undefined =>
  getEntity(state, 'peer', peerId) ?? getEntity(state, 'viewer', peerId);

/** How many seats are taken, by whomever. */
export const countSeated = (state: RoomState): number =>
  countEntities(state, 'peer') + countEntities(state, 'viewer');

/** Version at which an entity last changed; 0 when it does not exist. */
export const entityVersion = (state: RoomState, entity: string, id: string): number =>
  state.tables.get(entity)?.get(id)?.version ?? 0;

/** A snapshot for clients: entities that they may not see are left out. */
export function toSnapshot(state: RoomState): RoomSnapshot {
  const entities: RoomSnapshot['entities'] = {};
  for (const [entity, table] of state.tables) {
    if (isClientVisible(entity)) entities[entity] = Object.fromEntries(table);
  }
  return { roomId: state.roomId, epoch: state.epoch, version: state.version, entities };
}

/** The state that a snapshot describes. */
export function fromSnapshot(snapshot: RoomSnapshot): RoomState {
  const { roomId, epoch, version } = snapshot;
  const tables = new Map<string, Table>();
  for (const [entity, table] of Object.entries(snapshot.entities)) {
    // Creation order is not kept by a JSON object with integer-like keys; our ids never are.
    tables.set(entity, new Map(Object.entries(table)));
  }
  return { roomId, epoch, version, tables };
}

/** Whether clients get to see anything of an event. */
export const isShown = (event: RoomEvent): boolean =>
  event.patches.some(({ entity }) => isClientVisible(entity));

/**
 * Consecutive events without the patches that clients may not see. One of which nothing is left is told by the next one (`from`),
 * so that nobody sees a hole and a thousand viewers cost next to nothing.
 */
export function toClientEvents(events: readonly RoomEvent[]): RoomEvent[] {
  const shown: RoomEvent[] = [];
  let from: number | undefined;
  for (const event of events) {
    from ??= event.version;
    if (!isShown(event) && event !== events.at(-1)) continue;
    const patches = event.patches.filter((patch) => isClientVisible(patch.entity));
    shown.push({ version: event.version, patches, ...(from < event.version && { from }) });
    from = undefined;
  }
  return shown;
}

/** Whether this peer may moderate: a host by token, or the one who hosts a guest room. */
export const isHost = (state: RoomState, peerId: string): boolean =>
  getEntity(state, 'peer', peerId)?.role === 'host' ||
  getEntity(state, 'room', ROOM_ENTITY_ID)?.hostPeerId === peerId;
