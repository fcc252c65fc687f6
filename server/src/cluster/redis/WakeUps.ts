/**
 * Owns the messages between nodes about the log: an event for a node that holds members of its room, and the call for offers after a loss.
 * Does not own what is done with them. They may be lost, doubled or late: the log is the truth.
 */
import type { RoomKey } from '../../room/ports.ts';
import type { RedisClient } from './RedisClient.ts';
import { decodeEvent, type LoggedEvent } from './roomCodec.ts';

/** What comes in. */
export interface WakeUpListener {
  event(room: RoomKey, epoch: string, event: LoggedEvent): void;
  recovery(room: RoomKey): void;
}

/** For all nodes: a loss is rare, and nobody knows any more who holds the room. */
const RECOVERY_CHANNEL = 'parley:{recovery}';
/** In braces, so that each node's channel has its own place in a cluster. */
const channelOf = (nodeId: string): string => `parley:{node:${nodeId}}`;

/** The wake-ups from and for one node. */
export class WakeUps {
  readonly #client: RedisClient;
  readonly #channel: string;
  readonly #listener: WakeUpListener;

  constructor(client: RedisClient, nodeId: string, listener: WakeUpListener) {
    this.#client = client;
    this.#channel = channelOf(nodeId);
    this.#listener = listener;
  }

  /** @throws CallError `unavailable`. */
  async listen(): Promise<void> {
    await this.#client.subscribe([this.#channel, RECOVERY_CHANNEL], (channel, text) => {
      const [tenant = '', roomId = '', epoch = ''] = text.split(' ', 3);
      const room = { tenant, roomId };
      if (channel === RECOVERY_CHANNEL) return this.#listener.recovery(room);
      const event = eventOrNothing(() => decodeEvent(text.slice(`${tenant} ${roomId} ${epoch} `.length)));
      if (event) this.#listener.event(room, epoch, event);
    });
  }

  /** Tells another node of an event, as it is written in the log. */
  wake(nodeId: string, { tenant, roomId }: RoomKey, epoch: string, event: string): void {
    this.#client.publish(channelOf(nodeId), `${tenant} ${roomId} ${epoch} ${event}`);
  }

  /** Tells all nodes that a room was lost. */
  callForOffers({ tenant, roomId }: RoomKey): void {
    this.#client.publish(RECOVERY_CHANNEL, `${tenant} ${roomId}`);
  }
}

/** What is not an event was not sent by a node of ours. */
function eventOrNothing(decode: () => LoggedEvent): LoggedEvent | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}
