/** Tests: who counts as speaking, on a fake clock. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../clock.ts';
import { ActiveSpeakers } from './ActiveSpeakers.ts';

let told: string[];
let speakers: ActiveSpeakers;
beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  speakers = new ActiveSpeakers(systemClock, (peerIds) => told.push(peerIds.join(' ')));
});
afterEach(() => {
  speakers.close();
  vi.useRealTimers();
});

/** `count` reports, 300 ms apart, of who is how loud. */
function hear(levels: Record<string, number>, count = 1): void {
  for (let i = 0; i < count; i += 1) {
    vi.advanceTimersByTime(300);
    speakers.report(
      Object.entries(levels).map(([peerId, dBov]) => ({ peerId, dBov })),
      'worker',
    );
  }
}

test('a single report is a cough, two in a row are speech', () => {
  hear({ ada: -20 });
  expect(told).toEqual([]);
  hear({ ada: -20 });
  expect(told).toEqual(['ada']);
});

test('speech ends after a pause longer than one between sentences, though silence is not reported', () => {
  hear({ ada: -20 }, 2);
  vi.advanceTimersByTime(1400);
  expect(told).toEqual(['ada']);
  vi.advanceTimersByTime(200);
  expect(told).toEqual(['ada', '']);
  vi.advanceTimersByTime(60_000);
  expect(told).toHaveLength(2);
});

test('a pause between sentences changes nothing', () => {
  hear({ ada: -20 }, 2);
  vi.advanceTimersByTime(1000);
  hear({ ada: -20 }, 3);
  expect(told).toEqual(['ada']);
});

test('the loudest comes first', () => {
  hear({ ada: -40, bob: -20 }, 2);
  expect(told).toEqual(['bob ada']);
});

test('two who are about as loud do not change places with every report', () => {
  hear({ ada: -20, bob: -22 }, 2);
  for (let i = 0; i < 20; i += 1) hear(i % 2 ? { ada: -20, bob: -23 } : { ada: -23, bob: -20 });
  expect(told).toEqual(['ada bob']);
});

test('who is clearly louder for a while moves up', () => {
  hear({ ada: -20, bob: -40 }, 2);
  hear({ ada: -45, bob: -15 }, 4);
  expect(told).toEqual(['ada bob', 'bob ada']);
});

test('who falls silent is passed by the next speaker before the hold is over', () => {
  hear({ ada: -20 }, 2);
  hear({ bob: -20 }, 2);
  expect(told).toEqual(['ada', 'bob ada']);
  hear({ bob: -20 }, 4);
  expect(told).toEqual(['ada', 'bob ada', 'bob']);
});

test('who is muted or gone stops at once', () => {
  hear({ ada: -20, bob: -30 }, 2);
  speakers.remove('ada');
  expect(told).toEqual(['ada bob', 'bob']);
  speakers.remove('nobody');
  expect(told).toHaveLength(2);
});

test('closing ends all speech, once, and leaves no timer', () => {
  hear({ ada: -20 }, 2);
  speakers.close();
  speakers.close();
  expect(told).toEqual(['ada', '']);
  expect(vi.getTimerCount()).toBe(0);
});

test('a room on two workers: what one of them hears says nothing of those who talk on the other', () => {
  for (let i = 0; i < 10; i += 1) {
    vi.advanceTimersByTime(150);
    speakers.report([{ peerId: 'ada', dBov: -20 }], 'one');
    vi.advanceTimersByTime(150);
    speakers.report([{ peerId: 'bob', dBov: -40 }], 'other');
  }
  expect(told).toEqual(['ada', 'ada bob']);
  // On its own worker silence counts at once: who is quiet there is soon less loud than the other.
  for (let i = 0; i < 4; i += 1) speakers.report([{ peerId: 'bob', dBov: -20 }], 'other');
  expect(told).toEqual(['ada', 'ada bob']);
  for (let i = 0; i < 2; i += 1) speakers.report([], 'one');
  expect(told.at(-1)).toBe('bob ada');
});

test('somebody who moved to another worker is heard from there', () => {
  hear({ ada: -20 }, 2);
  for (let i = 0; i < 5; i += 1) {
    vi.advanceTimersByTime(300);
    speakers.report([{ peerId: 'ada', dBov: -20 }], 'other');
    speakers.report([], 'worker');
  }
  expect(told).toEqual(['ada']);
});
