/**
 * Owns how ids are issued: random for sessions, derived for everything that must be the same again after a restart.
 * Does not own their shape on the wire (protocol/src/ids.ts).
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { IdIssuer } from '../identity.ts';
import { type RoomKey, roomKeyText } from '../room/ports.ts';

const ID_BYTES = 16;

/** A session id that nobody can guess. */
export const newSessionId = (): string => `s_${randomBytes(ID_BYTES).toString('base64url')}`;

/**
 * Issues derived ids. They are public (others see peer ids), so they are made with a key: a peer id tells nothing about its
 * session, and the same session has unrelated ids in different rooms.
 */
export class DerivedIds implements IdIssuer {
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
  }

  peerId(sessionId: string, room: RoomKey): string {
    return this.#derive('p', sessionId, roomKeyText(room));
  }

  transportId(sessionId: string, requestId: string): string {
    return this.#derive('t', sessionId, requestId);
  }

  /** The user behind a guest's session. */
  guestUserId(sessionId: string): string {
    return `guest-${this.#derive('g', sessionId, '').slice(2)}`;
  }

  /** The parts are encoded, so that no two lists of parts give the same text. */
  #derive(kind: string, ...parts: string[]): string {
    const digest = createHmac('sha256', this.#key)
      .update(JSON.stringify([kind, ...parts]))
      .digest();
    return `${kind}_${digest.subarray(0, ID_BYTES).toString('base64url')}`;
  }
}
