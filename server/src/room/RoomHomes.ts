/**
 * Owns where each room's media is, as a fact of the room: nodes that choose at the same time agree, and each hears when it has moved.
 * Does not own the choice (cluster/media).
 */
import { getEntity, ROOM_ENTITY_ID, type RoomState } from '@parley/protocol';
import type { MediaHomes, RoomKey, RoomLog } from './ports.ts';
import type { RoomEngine } from './RoomEngine.ts';

export class RoomHomes implements MediaHomes {
  readonly #log: Pick<RoomLog, 'subscribe'>;
  /** Asked for when it is used: the engine needs the media plane, and that needs this. */
  readonly #engine: () => Pick<RoomEngine, 'read' | 'change'>;

  constructor(log: Pick<RoomLog, 'subscribe'>, engine: () => Pick<RoomEngine, 'read' | 'change'>) {
    this.#log = log;
    this.#engine = engine;
  }

  async homeOf(room: RoomKey): Promise<string | undefined> {
    return homeIn(await this.#engine().read(room));
  }

  async place(room: RoomKey, nodeId: string, instead: string | undefined): Promise<string> {
    await this.#engine().change(room, { type: 'placeMedia', nodeId, instead });
    return (await this.homeOf(room)) ?? nodeId;
  }

  watch(room: RoomKey, listener: (nodeId: string | undefined) => void): () => void {
    return this.#log.subscribe(room, ({ patches }, state) => {
      if (patches.some(({ entity }) => entity === 'mediaHome')) listener(homeIn(state));
    });
  }
}

const homeIn = (state: RoomState): string | undefined =>
  getEntity(state, 'mediaHome', ROOM_ENTITY_ID)?.nodeId;
