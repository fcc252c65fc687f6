/**
 * Owns the RTP header as we send it: fixed part and header extensions in the one-byte form (RFC 8285), laid out once per stream.
 * Does not own payloads.
 */
import { writeUint16, writeUint24, writeUint32 } from './wire.ts';

/** Header extensions that bots send. */
export const extensionUris = {
  mid: 'urn:ietf:params:rtp-hdrext:sdes:mid',
  rid: 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  repairedRid: 'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
  absSendTime: 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  transportSequence: 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  audioLevel: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level',
} as const;

/** Ids by which a session calls them; undefined: not negotiated. */
export type ExtensionIds = { readonly [K in keyof typeof extensionUris]?: number | undefined };

/** Finds the ids in negotiated parameters. */
export function extensionIdsOf(
  headerExtensions: readonly { readonly uri: string; readonly id: number }[] = [],
): ExtensionIds {
  const idOf = (uri: string): number | undefined => headerExtensions.find((item) => item.uri === uri)?.id;
  return {
    mid: idOf(extensionUris.mid),
    rid: idOf(extensionUris.rid),
    repairedRid: idOf(extensionUris.repairedRid),
    absSendTime: idOf(extensionUris.absSendTime),
    transportSequence: idOf(extensionUris.transportSequence),
    audioLevel: idOf(extensionUris.audioLevel),
  };
}

/** What stays the same in every header of a stream. */
export interface RtpHeaderOptions {
  readonly payloadType: number;
  readonly ssrc: number;
  readonly ids: ExtensionIds;
  readonly mid: string;
  readonly rid?: string | undefined;
  readonly repairedRid?: string | undefined;
  readonly hasAudioLevel?: boolean;
}

/** The header of one stream, ready to be filled in. */
export class RtpHeader {
  readonly ssrc: number;
  readonly length: number;
  readonly #template: Uint8Array;
  readonly #payloadType: number;
  /** Where the extensions that change lie; 0: not there. */
  readonly #absSendTimeAt: number;
  readonly #transportSequenceAt: number;
  readonly #audioLevelAt: number;

  constructor(options: RtpHeaderOptions) {
    const { payloadType, ssrc, ids, mid, rid, repairedRid, hasAudioLevel = false } = options;
    const bytes = [0x90, payloadType, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xbe, 0xde, 0, 0];
    const place = (id: number | undefined, value: Iterable<number>): number => {
      if (id === undefined) return 0;
      const content = [...value];
      bytes.push((id << 4) | (content.length - 1), ...content);
      return bytes.length - content.length;
    };
    this.#absSendTimeAt = place(ids.absSendTime, [0, 0, 0]);
    this.#transportSequenceAt = place(ids.transportSequence, [0, 0]);
    this.#audioLevelAt = place(hasAudioLevel ? ids.audioLevel : undefined, [0]);
    place(ids.mid, Buffer.from(mid));
    if (rid !== undefined) place(ids.rid, Buffer.from(rid));
    if (repairedRid !== undefined) place(ids.repairedRid, Buffer.from(repairedRid));
    while (bytes.length % 4 !== 0) bytes.push(0);
    this.#template = Uint8Array.from(bytes);
    writeUint32(this.#template, 8, ssrc);
    writeUint16(this.#template, 14, (bytes.length - 16) / 4);
    this.ssrc = ssrc;
    this.length = bytes.length;
    this.#payloadType = payloadType;
  }

  /** Writes the header to the beginning of `packet`. */
  write(packet: Uint8Array, sequence: number, timestamp: number, marker: boolean): void {
    packet.set(this.#template);
    if (marker) packet[1] = this.#payloadType | 0x80;
    writeUint16(packet, 2, sequence);
    writeUint32(packet, 4, timestamp);
  }

  /** Fills in what is known only when the packet leaves. */
  stamp(packet: Uint8Array, nowMs: number, transportSequence: number): void {
    // 24 bits of seconds in 6.18 fixed point.
    if (this.#absSendTimeAt > 0) {
      writeUint24(packet, this.#absSendTimeAt, Math.floor((nowMs % 64_000) * 262.144));
    }
    if (this.#transportSequenceAt > 0) writeUint16(packet, this.#transportSequenceAt, transportSequence);
  }

  /** @param level 0 (loudest) to 127 (silence), in -dBov (RFC 6464). */
  setAudioLevel(packet: Uint8Array, level: number, isVoice: boolean): void {
    if (this.#audioLevelAt > 0) packet[this.#audioLevelAt] = level | (isVoice ? 0x80 : 0);
  }
}
