/**
 * Tests of room names as people make them.
 */
import { describe, expect, it } from 'vitest';
import { checkRoomName, randomRoomName } from './roomName.ts';

describe('randomRoomName', () => {
  it('has 80 random bits in groups that can be read out', () => {
    expect(randomRoomName()).toMatch(/^[2-9a-km-np-z]{4}(-[2-9a-km-np-z]{4}){3}$/);
    const names = new Set(Array.from({ length: 1_000 }, () => randomRoomName()));
    expect(names.size).toBe(1_000);
  });

  it('uses five bits of every byte', () => {
    const letters = new Set<string>();
    for (let value = 0; value < 32; value += 1) {
      letters.add(randomRoomName(new Uint8Array(16).fill(value)).charAt(0));
    }
    expect(letters.size).toBe(32);
  });

  it('makes names that are room names', () => {
    expect(checkRoomName(randomRoomName())).toMatchObject({ ok: true });
  });
});

describe('checkRoomName', () => {
  it.each([
    ['team', 'team'],
    ['  Ärger_2-x ', 'Ärger_2-x'],
    ['会議室', '会議室'],
    ['e\u0301', '\u00e9'],
  ])('takes %j as %j', (typed, roomId) => {
    expect(checkRoomName(typed)).toEqual({ ok: true, roomId });
  });

  it.each([
    ['', { problem: 'empty' }],
    ['   ', { problem: 'empty' }],
    ['x'.repeat(65), { problem: 'tooLong' }],
    ['our team!', { problem: 'characters', suggestion: 'our-team' }],
    ['a/b', { problem: 'characters', suggestion: 'a-b' }],
    ['???', { problem: 'characters', suggestion: '' }],
    ['team\u3164x', { problem: 'characters', suggestion: 'team-x' }],
  ])('refuses %j and says why', (typed, expected) => {
    expect(checkRoomName(typed)).toMatchObject({ ok: false, ...expected });
  });
});
