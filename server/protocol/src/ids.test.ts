/** Tests of the shapes that people and clients choose: room names and display names. */
import { describe, expect, it } from 'vitest';
import { DisplayName, isRequestName, MessageId, RoomId } from './index.ts';

describe('[ID1] room names', () => {
  it.each(['a', 'Team-7_b', '会議室', 'öffentlich', 'कमरा', 'x'.repeat(64), '𠮷'.repeat(64)])(
    'take %j',
    (name) => {
      expect(RoomId.safeParse(name).success).toBe(true);
    },
  );

  it.each(['', 'a b', 'a/b', '../etc', 'a\u0000', '<b>', 'x'.repeat(65), 'a\u202Eb', '😀'])(
    'refuse %j',
    (name) => {
      expect(RoomId.safeParse(name).success).toBe(false);
    },
  );

  it('are compared in NFC', () => {
    expect(RoomId.parse('cafe\u0301')).toBe('caf\u00e9');
  });
});

describe('[ID2] display names', () => {
  it('are trimmed', () => {
    expect(DisplayName.parse('  Ada  ')).toBe('Ada');
  });

  it.each(['', '   ', 'a\nb', 'x'.repeat(61), 'a\u202Eb', '\u2066a'])('refuse %j', (name) => {
    expect(DisplayName.safeParse(name).success).toBe(false);
  });

  it('count characters, not UTF-16 units', () => {
    expect(DisplayName.safeParse('😀'.repeat(60)).success).toBe(true);
  });
});

it('[ID3] message ids are UUIDv7 in lower case', () => {
  expect(MessageId.safeParse('01929c2a-7b1e-7c3d-9f00-0123456789ab').success).toBe(true);
  expect(MessageId.safeParse('01929c2a-7b1e-4c3d-9f00-0123456789ab').success).toBe(false);
});

it.each(['constructor', '__proto__', 'toString', ''])('[REQUEST1] %j is not a request', (name) => {
  expect(isRequestName(name)).toBe(false);
});
