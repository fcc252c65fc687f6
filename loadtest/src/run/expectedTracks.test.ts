/**
 * What a plan amounts to in tracks.
 */
import { expect, test } from 'vitest';
import type { BotPlan } from '../process/messages.ts';
import { expectedTracks } from './expectedTracks.ts';

const bot = (roomId: string, publish: { audio: boolean; video: boolean }, subscribe: boolean): BotPlan => ({
  id: 'b',
  url: 'ws://localhost/ws',
  roomId,
  startAfterMs: 0,
  media: { publish, subscribe, speech: { seed: 1, pattern: 'turns' } },
});
const both = { audio: true, video: true };
const none = { audio: false, video: false };

test('everybody gets everything of everybody else in the room, and nothing of other rooms', () => {
  const meeting = [bot('a', both, true), bot('a', both, true), bot('a', none, true)];
  expect(expectedTracks(meeting)).toBe(2 + 2 + 4);
  expect(expectedTracks([...meeting, bot('b', both, true)])).toBe(8);
});

test('of many microphones the loudest three are heard, and of many cameras those that are shown', () => {
  const large = Array.from({ length: 20 }, () => bot('a', both, true));
  expect(expectedTracks(large)).toBe(20 * (3 + 19));
  const view = { tiles: 9, width: 320, height: 180 };
  const paged = large.map((plan) => ({ ...plan, ...(plan.media && { media: { ...plan.media, view } }) }));
  expect(expectedTracks(paged)).toBe(20 * (3 + 9));
  expect(expectedTracks(paged.slice(0, 3))).toBe(3 * (2 + 2));
});

test('who does not receive is owed nothing', () => {
  expect(expectedTracks([bot('a', both, false), bot('a', none, true)])).toBe(2);
  expect(expectedTracks([{ id: 'i', url: 'ws://localhost/ws', startAfterMs: 0 }])).toBe(0);
});
