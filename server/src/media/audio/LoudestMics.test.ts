import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/support/FakeClock.ts';
import { LoudestMics, type Ranking } from './LoudestMics.ts';

const REPORT_MS = 300;
let clock: FakeClock;
let mics: LoudestMics;
let changes: Ranking[];

beforeEach(() => {
  clock = new FakeClock();
  changes = [];
  mics = new LoudestMics({ clock, count: 3, onChange: (now) => void changes.push(now) });
});

const open = (...peerIds: string[]) => {
  for (const peerId of peerIds) {
    clock.advance(1);
    mics.open(peerId);
  }
};
/** A report after its interval: those who speak, with their levels. */
const report = (levels: Record<string, number> = {}) => {
  clock.advance(REPORT_MS);
  mics.report(Object.entries(levels).map(([peerId, dBov]) => ({ peerId, dBov })));
};
const heard = () => [...mics.ranking.heard].sort();

describe('few microphones', () => {
  it('are all heard, all the time', () => {
    open('a', 'b', 'c', 'd');
    for (let n = 0; n < 20; n += 1) report(n % 2 ? { a: -20 } : { b: -50, c: -30 });
    expect([...heard(), mics.ranking.next].sort()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('a muted one leaves its place to another', () => {
    open('a', 'b', 'c', 'd', 'e');
    expect(heard()).toEqual(['a', 'b', 'c']);
    mics.close('b');
    expect(heard()).toHaveLength(3);
    expect(heard()).not.toContain('b');
    expect(mics.ranking.next).toBeDefined();
  });
});

describe('many microphones', () => {
  beforeEach(() => open('a', 'b', 'c', 'd', 'e', 'f'));

  it('who speaks takes the place of somebody silent at the first report', () => {
    report({ f: -40 });
    expect(heard()).toContain('f');
  });

  it('in silence the last ones keep their places', () => {
    report({ d: -30, e: -30, f: -30 });
    const before = changes.length;
    for (let n = 0; n < 10; n += 1) clock.advance(REPORT_MS);
    mics.report([]);
    expect(changes).toHaveLength(before);
    expect(heard()).toEqual(['d', 'e', 'f']);
  });

  it('who speaks keeps the place unless somebody is clearly louder, for longer than a cough', () => {
    report({ a: -40, b: -40, c: -40 });
    const before = changes.length;
    report({ a: -40, b: -40, c: -40, d: -36 });
    report({ a: -40, b: -40, c: -40, d: -36 });
    expect(heard()).toEqual(['a', 'b', 'c']);
    report({ a: -40, b: -40, c: -42, e: -20 });
    expect(heard()).toEqual(['a', 'b', 'c']);
    report({ a: -40, b: -40, c: -42, e: -20 });
    expect(heard()).toEqual(['a', 'b', 'e']);
    // One who was next became so once, and one took a place.
    expect(changes.length - before).toBeLessThanOrEqual(3);
  });

  it('equal voices do not change places', () => {
    const all = { a: -30, b: -30, c: -30, d: -30, e: -30, f: -30 };
    report(all);
    const before = changes.length;
    for (let n = 0; n < 50; n += 1) report(all);
    expect(changes).toHaveLength(before);
  });

  it('who is next is heard by those who do not hear themselves', () => {
    report({ a: -20, b: -20, c: -20, d: -35, e: -50 });
    expect(heard()).toEqual(['a', 'b', 'c']);
    expect(mics.ranking.next).toBe('d');
  });

  it('reports of several workers add up', () => {
    for (let n = 0; n < 5; n += 1) {
      clock.advance(REPORT_MS / 2);
      mics.report([{ peerId: 'd', dBov: -30 }]);
      clock.advance(REPORT_MS / 2);
      mics.report([
        { peerId: 'e', dBov: -30 },
        { peerId: 'f', dBov: -30 },
      ]);
    }
    expect(heard()).toEqual(['d', 'e', 'f']);
  });

  it('levels of who is muted or unknown count for nothing', () => {
    mics.close('f');
    report({ f: -5, ghost: -5 });
    expect(heard()).toEqual(['a', 'b', 'c']);
  });
});

describe('[AUDIO4] hints', () => {
  beforeEach(() => open('a', 'b', 'c', 'd', 'e', 'f', 'g'));

  it('give a place of somebody silent at once, and it stays with who is measured', () => {
    report({ a: -30, b: -30 });
    expect(mics.hint('g')).toBe('believed');
    expect(heard()).toEqual(['a', 'b', 'g']);
    report({ a: -30, b: -30, g: -45 });
    clock.advance(5_000);
    expect(mics.hint('f')).toBe('believed');
    expect(heard()).toContain('g');
  });

  it('never take a place from somebody who speaks', () => {
    report({ a: -50, b: -50, c: -50, d: -50 });
    for (const liar of ['e', 'f', 'g']) mics.hint(liar);
    expect(heard()).toEqual(['a', 'b', 'c']);
    expect(mics.ranking.next).toBe('d');
  });

  it('that are not measured lose the place, and are ignored for a while', () => {
    report({ a: -30, b: -30, c: -30 });
    clock.advance(1_000);
    const before = heard();
    expect(mics.hint('g')).toBe('believed');
    expect(heard()).toContain('g');
    clock.advance(800);
    expect(heard()).toEqual(before);
    clock.advance(1_000);
    expect(mics.hint('g')).toBe('ignored');
    expect(heard()).toEqual(before);
    expect(clock.pending).toBe(0);
  });

  it('that end by muting before they are measured are not true either', () => {
    mics.hint('g');
    mics.close('g');
    mics.open('g');
    expect(mics.hint('g')).toBe('ignored');
    // Of somebody who was measured, muting says nothing.
    report({ d: -30 });
    mics.hint('d');
    mics.close('d');
    mics.open('d');
    expect(mics.hint('d')).toBe('believed');
  });

  it('are ignored twice as long each time', () => {
    report({ a: -30, b: -30, c: -30 });
    clock.advance(1_000);
    const waits: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      clock.advance(800);
      let waited = 0;
      for (; mics.hint('g') === 'ignored'; waited += 250) clock.advance(250);
      waits.push(waited);
    }
    // The first hint is believed at once.
    expect(waits[0]).toBe(0);
    expect(waits[2]).toBeGreaterThan((waits[1] ?? 0) * 1.5);
    expect(waits[3]).toBeGreaterThan((waits[2] ?? 0) * 1.5);
  });

  it('a true one makes up for earlier ones', () => {
    mics.hint('g');
    clock.advance(3_000);
    expect(mics.hint('g')).toBe('believed');
    report({ g: -30 });
    clock.advance(2_000);
    mics.hint('g');
    clock.advance(800);
    clock.advance(2_000);
    expect(mics.hint('g')).toBe('believed');
  });

  it('give way to somebody who is measured', () => {
    for (const liar of ['e', 'f', 'g']) mics.hint(liar);
    expect(heard()).toEqual(['e', 'f', 'g']);
    report({ d: -50 });
    expect(heard()).toContain('d');
  });

  it('of who has no open microphone are nothing', () => {
    mics.close('g');
    expect(mics.hint('g')).toBe('no-mic');
    expect(mics.hint('ghost')).toBe('no-mic');
    expect(clock.pending).toBe(0);
  });
});
