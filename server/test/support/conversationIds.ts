/**
 * Owns message ids for tests, in a file of its own because a process without the test runner needs them too.
 * Does not own the format (protocol/ids.ts).
 */
import { randomBytes } from 'node:crypto';

/** A UUIDv7 (RFC 9562): 48 bits of time, then random. */
export const uuidv7 = (nowMs = Date.now()): string => {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
};
