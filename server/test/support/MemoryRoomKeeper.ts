/**
 * Owns a RoomKeeper in memory that outlives the logs of a test and can be told to fail.
 * Does not own durability: sqlite.test.ts sees to that.
 */
import { CallError } from '@parley/protocol';
import { type KeptRoom, type RoomKeeper, roomKeyText } from '../../src/room/ports.ts';

/** Keeps rooms in a map. */
export class MemoryRoomKeeper implements RoomKeeper {
  readonly kept = new Map<string, KeptRoom>();
  /** How often it was asked to keep something. */
  calls = 0;
  down = false;

  async keepRoom(room: KeptRoom): Promise<void> {
    this.calls += 1;
    if (this.down) throw new CallError('unavailable', 'down');
    if (room.patches.length === 0) this.kept.delete(roomKeyText(room.key));
    else this.kept.set(roomKeyText(room.key), room);
  }

  async keptRooms(): Promise<KeptRoom[]> {
    return [...this.kept.values()];
  }
}
