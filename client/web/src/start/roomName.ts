/**
 * Owns names of rooms as people make them: random ones, and what is wrong with a typed one.
 * Does not own the pattern: the protocol does.
 */
import { ROOM_ID_PATTERN } from '@parley/client';

/** 32 letters and digits without 0, 1, l and o, which people mix up: five bits each, so every byte is fair. */
const ALPHABET = '23456789abcdefghijkmnpqrstuvwxyz';
const GROUPS = 4;
const LETTERS_PER_GROUP = 4;

/**
 * A room name that nobody guesses: 16 letters of 32 make 80 random bits, in groups that can be read out.
 * @param random 16 random bytes; tests give their own.
 */
export function randomRoomName(
  random = crypto.getRandomValues(new Uint8Array(GROUPS * LETTERS_PER_GROUP)),
): string {
  const letters = Array.from(random, (byte) => ALPHABET.charAt(byte % ALPHABET.length)).join('');
  return Array.from({ length: GROUPS }, (_, group) =>
    letters.slice(group * LETTERS_PER_GROUP, (group + 1) * LETTERS_PER_GROUP),
  ).join('-');
}

/** What a typed room name is: usable, or why not. */
export type RoomNameCheck =
  | { readonly ok: true; readonly roomId: string }
  | { readonly ok: false; readonly problem: 'empty' }
  | { readonly ok: false; readonly problem: 'tooLong' }
  | { readonly ok: false; readonly problem: 'characters'; readonly suggestion: string };

/** Checks what somebody typed as a room name; the suggestion is it with `-` for what is not allowed. */
export function checkRoomName(typed: string): RoomNameCheck {
  const name = typed.trim().normalize('NFC');
  if (name === '') return { ok: false, problem: 'empty' };
  if ([...name].length > 64) return { ok: false, problem: 'tooLong' };
  if (ROOM_ID_PATTERN.test(name)) return { ok: true, roomId: name };
  const allowed = [...name].map((character) => (ROOM_ID_PATTERN.test(character) ? character : ' '));
  const suggestion = allowed
    .join('')
    .replace(/ +/g, '-')
    .replace(/^-+|-+$/g, '');
  return { ok: false, problem: 'characters', suggestion };
}
