import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/support/FakeClock.ts';
import { MicPool } from './MicPool.ts';

let clock: FakeClock;
let pool: MicPool;
let told: (readonly string[])[];

beforeEach(() => {
  clock = new FakeClock();
  told = [];
  pool = new MicPool({ clock, size: 3, onChange: (ids) => void told.push(ids) });
});

const open = (...ids: string[]) => {
  for (const id of ids) {
    clock.advance(10_000);
    pool.set(id, true);
  }
};
const members = () => [...pool.members].sort();

describe('the pool', () => {
  it('has those who unmuted last; the oldest leaves', () => {
    open('a', 'b', 'c', 'd');
    expect(members()).toEqual(['b', 'c', 'd']);
  });

  it('takes in who speaks, in place of who was quiet longest', () => {
    open('a', 'b', 'c', 'd');
    pool.spoke('b', false);
    clock.advance(5_000);
    pool.spoke('a', false);
    expect(members()).toEqual(['a', 'b', 'd']);
  });

  it('does not change while everybody speaks, except for who is sent', () => {
    open('a', 'b', 'c', 'd');
    clock.advance(1_000);
    for (const id of ['b', 'c', 'd']) pool.spoke(id, false);
    told.length = 0;
    for (let n = 0; n < 20; n += 1) {
      clock.advance(300);
      for (const id of ['a', 'b', 'c', 'd']) pool.spoke(id, false);
    }
    expect(told).toEqual([]);
    pool.spoke('a', true);
    expect(members()).toContain('a');
  });

  it('keeps who is muted for as long as nobody needs the place', () => {
    open('a', 'b');
    pool.set('b', false);
    expect(members()).toEqual(['a', 'b']);
    open('c');
    expect(members()).toEqual(['a', 'b', 'c']);
    open('d');
    expect(members()).toEqual(['a', 'c', 'd']);
    pool.set('c', false);
    expect(members()).toEqual(['a', 'c', 'd']);
  });

  it('has every open microphone where they are few enough', () => {
    open('a', 'b', 'c', 'd');
    pool.set('d', false);
    expect(members()).toEqual(['a', 'b', 'c']);
    pool.remove('a');
    expect(members()).toEqual(['b', 'c', 'd']);
  });

  it('does not believe in those who are muted or not there', () => {
    open('a', 'b', 'c', 'd');
    pool.set('a', false);
    pool.spoke('a', true);
    pool.spoke('ghost', true);
    expect(members()).toEqual(['b', 'c', 'd']);
  });
});

describe('telling', () => {
  it('is at once, of others than before only, and not of every change in a flood', () => {
    open('a', 'b', 'c');
    clock.advance(1_000);
    const before = told.length;
    pool.spoke('a', true);
    clock.advance(1_000);
    expect(told).toHaveLength(before);
    pool.set('d', true);
    clock.advance(0);
    expect(told).toHaveLength(before + 1);
    for (let n = 0; n < 40; n += 1) {
      pool.set(`x${n}`, true);
      clock.advance(25);
    }
    // A second at most four times.
    expect(told.length - before).toBeLessThanOrEqual(6);
    clock.advance(1_000);
    expect([...(told.at(-1) ?? [])].sort()).toEqual(members());
  });

  it('what comes and goes in one moment is not told', () => {
    open('a');
    clock.advance(1_000);
    told.length = 0;
    pool.remove('a');
    pool.set('a', true);
    clock.advance(1_000);
    expect(told).toEqual([]);
  });

  it('ends with the room', () => {
    open('a');
    clock.advance(1_000);
    told.length = 0;
    pool.set('b', true);
    pool.stop();
    pool.set('c', true);
    clock.advance(1_000);
    expect(told).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});
