/**
 * Tests of how messages stand together and of links in them.
 */
import type { ChatEntry } from '@parley/client';
import { describe, expect, it } from 'vitest';
import { startsGroup, textParts } from './chatGroups.ts';

const entry = (senderId: string, sentAtMs: number): ChatEntry => ({
  messageId: `${senderId}-${sentAtMs}`,
  senderId,
  senderName: senderId,
  text: 'x',
  seq: 1,
  sentAtMs,
  state: 'sent',
  isLocal: false,
});

describe('startsGroup', () => {
  it('starts with another sender, after a pause, and at the top', () => {
    expect(startsGroup(entry('a', 0), undefined)).toBe(true);
    expect(startsGroup(entry('a', 1_000), entry('a', 0))).toBe(false);
    expect(startsGroup(entry('b', 1_000), entry('a', 0))).toBe(true);
    expect(startsGroup(entry('a', 600_000), entry('a', 0))).toBe(true);
  });
});

describe('textParts', () => {
  const links = (text: string) => textParts(text).flatMap(({ href }) => (href === undefined ? [] : [href]));

  it('finds links and leaves the sentence around them', () => {
    expect(textParts('see https://example.org/a?b=c, ok')).toEqual([
      { text: 'see ' },
      { text: 'https://example.org/a?b=c', href: 'https://example.org/a?b=c' },
      { text: ', ok' },
    ]);
    expect(links('(http://a.example) and https://b.example.')).toEqual([
      'http://a.example',
      'https://b.example',
    ]);
  });

  it.each(['javascript:alert(1)', 'data:text/html,x', 'https://', 'ftp://a.example', 'plain'])(
    'makes no link of %s',
    (text) => {
      expect(links(text)).toEqual([]);
    },
  );

  it('loses nothing', () => {
    for (const text of ['', 'a', 'https://a.example!', 'x\n\nhttps://a.example\ny', 'https://) https://a']) {
      expect(
        textParts(text)
          .map((part) => part.text)
          .join(''),
      ).toBe(text);
    }
  });
});
