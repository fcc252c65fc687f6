/**
 * Owns the ids that a client makes: request ids and message ids.
 * Does not own their form on the wire (protocol/ids.ts).
 */

const hex = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** 16 random hex digits: one life of this page. */
export const visitId = (): string => hex(crypto.getRandomValues(new Uint8Array(8)));

/** A UUIDv7 (RFC 9562): sorts by time, 74 random bits. Works without a secure context, unlike crypto.randomUUID. */
export function uuidV7(nowMs: number = Date.now()): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, Math.floor(nowMs / 2 ** 32));
  view.setUint32(2, nowMs % 2 ** 32);
  view.setUint8(6, 0x70 | (view.getUint8(6) & 0x0f));
  view.setUint8(8, 0x80 | (view.getUint8(8) & 0x3f));
  const text = hex(bytes);
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join(
    '-',
  );
}

/**
 * A source of request ids, unique in a session that outlives this page: a random prefix per page load, then a count.
 */
export function requestIds(): () => string {
  const prefix = visitId();
  let count = 0;
  return () => {
    count += 1;
    return `${prefix}-${count.toString(36)}`;
  };
}
