/**
 * Owns how a room is written in Redis: the names of its keys, entities as lines, events as texts. lua/common.lua has the same in Lua.
 * Does not own what is written when (lua/*.lua), nor the model (@parley/protocol).
 */
import { type EntityEntry, Patch, type RoomEvent, type RoomState } from '@parley/protocol';
import * as z from 'zod';
import type { RoomKey } from '../../room/ports.ts';

/** An event with what tells two of the same version apart. */
export interface LoggedEvent {
  readonly event: RoomEvent;
  readonly commitId: string;
}

const Patches = z.array(Patch);

/** The part in braces is what Redis Cluster places a key by: all keys of a room lie together. */
const tagged = ({ tenant, roomId }: RoomKey): string => `{room:${tenant}:${roomId}}`;

/** All keys of a room, in the order in which the scripts take them. */
export const roomKeys = (room: RoomKey): string[] =>
  ['head', 'state', 'events', 'carry', 'nodes', 'recovery', 'offer'].map((name) => `${tagged(room)}:${name}`);

/** Where the answer to a request is kept. */
export const replyKey = (room: RoomKey, requestKey: string): string => `${tagged(room)}:reply:${requestKey}`;

/** Patches as the commit script takes them: kind, id, number of fields, the fields. An empty value removes a field. */
export function patchArgs(patches: readonly Patch[]): (string | number)[] {
  const args: (string | number)[] = [patches.length];
  for (const patch of patches) {
    args.push(patch.entity, patch.id);
    if ('delete' in patch) {
      args.push(-1);
      continue;
    }
    const fields = Object.entries(patch.set).filter(([, value]) => value !== undefined);
    args.push(fields.length);
    for (const [name, value] of fields)
      args.push(JSON.stringify(name), value === null ? '' : JSON.stringify(value));
  }
  return args;
}

/** `<version> <time> <commitId> <patches>`. */
export function decodeEvent(text: string): LoggedEvent {
  const [version = '', , commitId = ''] = text.split(' ', 3);
  const json = text.slice(text.indexOf('['));
  return { event: { version: Number(version), patches: Patches.parse(JSON.parse(json)) }, commitId };
}

/** The hash of all entities, `<kind> <id>` and `<version> <order>` with one line per field, as a state. */
export function decodeState(
  head: { readonly roomId: string; readonly epoch: string; readonly version: number },
  hash: readonly string[],
): RoomState {
  const entities: { kind: string; id: string; order: number; entry: EntityEntry<Record<string, unknown>> }[] =
    [];
  for (let index = 0; index + 1 < hash.length; index += 2) {
    const [kind = '', id = ''] = (hash[index] ?? '').split(' ');
    const [first = '', ...lines] = (hash[index + 1] ?? '').split('\n');
    const [version, order] = first.split(' ').map(Number);
    const fields = lines.map((line): [string, unknown] => {
      const tab = line.indexOf('\t');
      return [z.string().parse(JSON.parse(line.slice(0, tab))), JSON.parse(line.slice(tab + 1))];
    });
    const entry = { version: version ?? 0, value: Object.fromEntries(fields) };
    entities.push({ kind, id, order: order ?? 0, entry });
  }
  // A hash has no order of its own; a state lists its entities as they came.
  entities.sort((a, b) => a.order - b.order);
  const tables = new Map<string, Map<string, EntityEntry<Record<string, unknown>>>>();
  for (const { kind, id, entry } of entities) {
    const table = tables.get(kind) ?? new Map();
    tables.set(kind, table.set(id, entry));
  }
  return { ...head, tables };
}

/** A state as the hash of its entities, to be offered. */
export function encodeState(state: RoomState): string[] {
  let order = 0;
  return [...state.tables].flatMap(([kind, table]) =>
    [...table].flatMap(([id, { version, value }]) => {
      order += 1;
      const lines = Object.entries(value)
        .filter(([, field]) => field !== undefined)
        .map(([name, field]) => `\n${JSON.stringify(name)}\t${JSON.stringify(field)}`);
      return [`${kind} ${id}`, `${version} ${order}${lines.join('')}`];
    }),
  );
}
