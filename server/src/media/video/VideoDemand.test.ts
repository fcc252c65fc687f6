import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/support/FakeClock.ts';
import { VideoDemand } from './VideoDemand.ts';

const LINGER_MS = 2_000;
let clock: FakeClock;
let told: string[];
let demand: VideoDemand;
let isUrgent: boolean;

const create = (muted = false) =>
  new VideoDemand({
    clock,
    encodings: 3,
    muted,
    isUrgent: () => isUrgent,
    onChange: (active) => void told.push(active.map(Number).join('')),
  });

beforeEach(() => {
  clock = new FakeClock();
  told = [];
  isUrgent = false;
  demand = create();
});

describe('[DEMAND1] what is watched', () => {
  it('is wanted at once, and goes on for a while when it is not any more', () => {
    clock.advance(LINGER_MS);
    expect(told).toEqual(['000']);
    demand.move(0, 0b101);
    expect(told).toEqual(['000', '101']);
    demand.move(0b101, 0b001);
    clock.advance(LINGER_MS - 1);
    expect(told).toHaveLength(2);
    clock.advance(1);
    expect(told).toEqual(['000', '101', '100']);
  });

  it('is the union of all viewers', () => {
    demand.move(0, 0b001);
    demand.move(0, 0b011);
    demand.move(0, 0b001);
    clock.advance(LINGER_MS);
    expect(told).toEqual(['110']);
    demand.move(0b011, 0b101);
    expect(told.at(-1)).toBe('111');
    clock.advance(LINGER_MS);
    expect(told.at(-1)).toBe('101');
    demand.move(0b101, 0);
    demand.move(0b001, 0);
    clock.advance(LINGER_MS);
    expect(told.at(-1)).toBe('100');
    demand.move(0b001, 0);
    clock.advance(LINGER_MS);
    expect(told.at(-1)).toBe('000');
  });

  it('a page that is turned and turned back is not told', () => {
    demand.move(0, 0b111);
    for (let n = 0; n < 10; n += 1) {
      demand.move(0b111, 0);
      clock.advance(LINGER_MS - 1);
      demand.move(0, 0b111);
    }
    clock.advance(LINGER_MS);
    expect(told).toEqual([]);
  });

  it('however often viewers change their minds, little is told', () => {
    demand.move(0, 0b001);
    for (let n = 0; n < 1_000; n += 1) {
      demand.move(0b001, 0b101);
      demand.move(0b101, 0b001);
      clock.advance(10);
    }
    // All were wanted from the beginning; the highest never rested long enough.
    clock.advance(LINGER_MS);
    expect(told.length).toBeLessThanOrEqual(2);
    expect(told.at(-1)).toBe('100');
  });

  it('is nothing while it is muted', () => {
    demand.move(0, 0b111);
    demand.setMuted(true);
    clock.advance(LINGER_MS);
    expect(told).toEqual(['000']);
    demand.setMuted(false);
    expect(told).toEqual(['000', '111']);
    told.length = 0;
    demand = create(true);
    demand.move(0, 0b111);
    clock.advance(LINGER_MS);
    expect(told).toEqual(['000']);
  });

  it('[SHED3] ends at once what a full worker does not send', () => {
    demand.move(0, 0b111);
    isUrgent = true;
    demand.move(0b111, 0b001);
    clock.advance(0);
    expect(told).toEqual(['100']);
  });

  it('stops', () => {
    demand.move(0, 0b1);
    demand.stop();
    clock.advance(LINGER_MS);
    expect(told).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});
