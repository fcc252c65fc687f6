/**
 * Tests of the tiles: which there are and which is in the spotlight.
 */
import type { Participant } from '@parley/client';
import { describe, expect, it } from 'vitest';
import { orderOfAppearance, spotlightKey, tileKeys, tileOf } from './tiles.ts';

const participant = (peerId: string, sharing = false): Participant => ({
  peerId,
  userId: peerId,
  displayName: peerId,
  label: peerId,
  isLocal: false,
  isHost: false,
  role: 'speaker',
  connection: 'online',
  media: sharing ? { screen: { source: 'screen', muted: false, track: null } } : {},
  speaking: false,
  quality: 'unknown',
  trouble: undefined,
});

describe('tiles', () => {
  it('are one per participant and one per share, the share after its owner', () => {
    const keys = tileKeys([participant('a'), participant('b', true), participant('c')]);
    expect(keys.map(tileOf).map(({ peerId, kind }) => `${kind} ${peerId}`)).toEqual([
      'participant a',
      'participant b',
      'screen b',
      'participant c',
    ]);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('put the newest share of somebody else into the spotlight, else the own one', () => {
    const first = orderOfAppearance([], ['screen b']);
    const second = orderOfAppearance(first, ['screen a', 'screen b']);
    expect(spotlightKey(second, 'me')).toBe('screen a');
    expect(spotlightKey(orderOfAppearance(second, ['screen b', 'screen me']), 'me')).toBe('screen b');
    expect(spotlightKey(['screen me'], 'me')).toBe('screen me');
    expect(spotlightKey([], 'me')).toBeUndefined();
  });
});
