/**
 * Owns how a seat is named in maps of this folder. Does not own anything else.
 */
import { type MediaPeer, roomKeyText } from '../../room/ports.ts';

/** `tenant/roomId/peerId`; none contains a slash. */
export const seatKey = ({ room, peerId }: MediaPeer): string => `${roomKeyText(room)}/${peerId}`;
