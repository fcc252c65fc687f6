/** Tests of the shapes that people and clients choose: room names and display names. */
import { describe, expect, it } from 'vitest';
import { DisplayName, isRequestName, MessageId, MessageText, RoomId, visibleName } from './index.ts';

describe('[ID1] room names', () => {
  it.each(['a', 'Team-7_b', '会議室', 'öffentlich', 'कमरा', 'x'.repeat(64), '𠮷'.repeat(64)])(
    'take %j',
    (name) => {
      expect(RoomId.safeParse(name).success).toBe(true);
    },
  );

  it.each([
    '',
    'a b',
    'a/b',
    '../etc',
    'a\u0000',
    '<b>',
    'x'.repeat(65),
    'a\u202Eb',
    '😀',
    '\u3164',
    'a\u034F',
    '葛\u{E0100}',
  ])('refuse %j', (name) => {
    expect(RoomId.safeParse(name).success).toBe(false);
  });

  it('are compared in NFC', () => {
    expect(RoomId.parse('cafe\u0301')).toBe('caf\u00e9');
  });
});

describe('[ID2] display names', () => {
  it('are trimmed', () => {
    expect(DisplayName.parse('  Ada  ')).toBe('Ada');
  });

  it.each([
    '',
    '   ',
    'a\nb',
    'x'.repeat(61),
    'a\u202Eb',
    '\u2066a',
    'A\u2028B',
    'A\u2029B',
    'A\u{E0041}',
    '\uD800',
    'a\uFFF9b',
  ])('refuse %j', (name) => {
    expect(DisplayName.safeParse(name).success).toBe(false);
  });

  it.each([
    '\u200B',
    '\u3164',
    '\u115F',
    '\u2060',
    '\u061C',
    '\u00AD',
    '\u034F',
    '\uFE0F',
    '\u200D',
    '\u2800',
    '\uE000',
  ])('refuse %j, of which nothing is to be seen', (name) => {
    expect(DisplayName.safeParse(name).success).toBe(false);
  });

  it.each([
    '\u200B',
    '\u3164',
    '\u2060',
    '\u200C',
    '\u200D',
    '\u200E',
    '\uFE0F\uFE0F',
    '\u034F',
    ' \u200D',
    '\u200D ',
  ])('refuse %j at the end, at the beginning and behind a space', (unseen) => {
    for (const name of [`Ada${unseen}`, `${unseen}Ada`, `Ada ${unseen}B`]) {
      expect(DisplayName.safeParse(name).success, JSON.stringify(name)).toBe(false);
    }
  });

  it.each([
    'علی\u200Cرضا',
    'മോഹന\u0D4D\u200D നായര\u0D4D\u200D',
    '葛\u{E0100}城',
    '👩\u200D👩\u200D👧 Ada',
    '🏳\uFE0F\u200D🌈',
    '👩🏽\u200D🚀',
    'Ada ❤\uFE0F',
    '1\uFE0F\u20E3',
    '🇫🇷',
    "Zoë O'Neil-de la Cruz",
  ])('take %j as it is', (name) => {
    expect(DisplayName.parse(name)).toBe(name.normalize('NFC'));
  });

  it('that take long to look through are no way to keep a server busy', () => {
    const startedAt = performance.now();
    for (const unit of ['a', 'a\u200D', '\u0D4D\u200D', 'a\uFE0F']) {
      DisplayName.safeParse(`${unit.repeat(240 / unit.length - 1)}\u200B`);
    }
    expect(performance.now() - startedAt).toBeLessThan(100);
  });

  it('that look alike have one visible form', () => {
    expect(visibleName('A\u200Dd\uFE0Fa\u00A0 B')).toBe(visibleName('Ada B'));
    expect(visibleName('Ada')).not.toBe(visibleName('Eve'));
  });

  it('count characters, not UTF-16 units', () => {
    expect(DisplayName.safeParse('😀'.repeat(60)).success).toBe(true);
  });
});

it('[ID3] message ids are UUIDv7 in lower case', () => {
  expect(MessageId.safeParse('01929c2a-7b1e-7c3d-9f00-0123456789ab').success).toBe(true);
  expect(MessageId.safeParse('01929c2a-7b1e-4c3d-9f00-0123456789ab').success).toBe(false);
});

it('[CHAT3] a message is the same live and stored: halves of surrogate pairs are replaced', () => {
  expect(MessageText.parse('a\uD800b')).toBe('a\uFFFDb');
  expect(MessageText.parse('😀')).toBe('😀');
});

it.each(['constructor', '__proto__', 'toString', ''])('[REQUEST1] %j is not a request', (name) => {
  expect(isRequestName(name)).toBe(false);
});
