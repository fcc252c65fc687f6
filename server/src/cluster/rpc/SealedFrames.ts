/**
 * Owns how frames between two nodes are kept from whoever is on the network between them: AES-256-GCM, one key per direction.
 * Does not own where the keys come from (handshake.ts).
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The keys of one connection, used for nothing else. */
export interface SessionKeys {
  readonly send: Buffer;
  readonly receive: Buffer;
}

/** Seals and opens frames in their order. The number of a frame is its nonce, so one that is lost, repeated or moved does not open. */
export class SealedFrames {
  readonly #keys: SessionKeys;
  #sent = 0n;
  #received = 0n;

  constructor(keys: SessionKeys) {
    this.#keys = keys;
  }

  seal(text: string): Buffer {
    const cipher = createCipheriv(ALGORITHM, this.#keys.send, nonceOf(this.#sent));
    this.#sent += 1n;
    return Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  }

  /** @throws Error for a frame that was not sealed as the next one by the other side. */
  open(frame: Buffer): string {
    if (frame.length < TAG_BYTES) throw new Error('a frame without a tag');
    const decipher = createDecipheriv(ALGORITHM, this.#keys.receive, nonceOf(this.#received));
    this.#received += 1n;
    decipher.setAuthTag(frame.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(frame.subarray(0, -TAG_BYTES)), decipher.final()]).toString('utf8');
  }
}

function nonceOf(count: bigint): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce.writeBigUInt64BE(count, NONCE_BYTES - 8);
  return nonce;
}
