/** Tests: how much a worker sheds, against a worker made of numbers: so much it can carry, so much each level leaves to be carried. */
import { describe, expect, it } from 'vitest';
import type { Load } from './readLoad.ts';
import { MAX_SHED_LEVEL, ShedPolicy } from './ShedPolicy.ts';

const LOOK_MS = 250;
/** Of the socket, as the kernel counts it, and what fills it at a load of 1 within a second. */
const BUFFER_BYTES = 2 * 1024 * 1024;
const BYTES_PER_S = 8 * 1024 * 1024;
/** What is left of a load of 1 at each level. */
const LEFT: readonly number[] = [1, 0.8, 0.65, 0.5, 0.4, 0.3, 0.25, 0.2];
const leftAt = (level: number): number => LEFT[level] ?? Number.NaN;

class Simulation {
  readonly policy = new ShedPolicy();
  /** What comes in at level 0, and what can be carried; 1 is a whole core. */
  load = 0;
  capacity = 1;
  nowMs = 0;
  lostBytes = 0;
  changes = 0;
  #queuedBytes = 0;

  run(seconds: number): void {
    const endMs = this.nowMs + seconds * 1000;
    while (this.nowMs < endMs) this.#look();
  }

  #look(): void {
    this.nowMs += LOOK_MS;
    const wanted = this.load * leftAt(this.policy.level);
    const grown = ((wanted - this.capacity) * BYTES_PER_S * LOOK_MS) / 1000;
    const queued = Math.max(0, this.#queuedBytes + grown);
    const busy = queued > 0 ? 1 : wanted / this.capacity;
    const droppedBytes = Math.max(0, queued - BUFFER_BYTES);
    this.lostBytes += droppedBytes;
    this.#queuedBytes = Math.min(queued, BUFFER_BYTES);
    const before = this.policy.level;
    const dropped = Math.ceil(droppedBytes / 2304);
    this.policy.look({ busy, queuedBytes: this.#queuedBytes, dropped }, this.nowMs);
    if (this.policy.level !== before) this.changes += 1;
  }
}

const simulate = (load: number, capacity = 1): Simulation =>
  Object.assign(new Simulation(), { load, capacity });

describe('[SHED1] a worker that is full', () => {
  it('sheds nothing while it can carry everything', () => {
    for (const load of [0.1, 0.5, 0.89, 0.99]) {
      const worker = simulate(load);
      worker.run(600);
      expect(worker.changes).toBe(0);
    }
  });

  it('sheds until it can, within two seconds, at twice what it can carry', () => {
    for (const [load, lostSeconds] of [
      [1.1, 0],
      [1.5, 0],
      [2, 0.1],
      [3, 1],
    ] as const) {
      const worker = simulate(load);
      worker.run(2);
      const lostBytes = worker.lostBytes;
      worker.run(3);
      expect(load * leftAt(worker.policy.level)).toBeLessThanOrEqual(1);
      expect(worker.lostBytes).toBe(lostBytes);
      expect(lostBytes).toBeLessThanOrEqual(lostSeconds * BYTES_PER_S);
    }
  });

  it('does so too where less than a core is there for it', () => {
    const worker = simulate(0.4, 0.2);
    worker.run(5);
    expect(worker.policy.level).toBeGreaterThan(0);
    expect(0.4 * leftAt(worker.policy.level)).toBeLessThanOrEqual(0.2);
  });

  it('stays at the last level when even that is too much', () => {
    const worker = simulate(10);
    worker.run(60);
    expect(worker.policy.level).toBe(MAX_SHED_LEVEL);
  });
});

describe('[SHED2] a worker that sheds', () => {
  it('takes it back level by level when the load is gone', () => {
    const worker = simulate(2);
    worker.run(10);
    const { level, changes } = { level: worker.policy.level, changes: worker.changes };
    worker.load = 0.3;
    worker.run(60);
    expect(worker.policy.level).toBe(0);
    expect(worker.changes - changes).toBe(level);
  });

  it('tries ever more rarely while the load stays, and loses next to nothing by it', () => {
    // Each level up is too much, each level down leaves room: the worst there is.
    for (const load of [1.2, 1.5, 2.1, 3]) {
      const worker = simulate(load);
      worker.run(10);
      worker.changes = 0;
      const lostBytes = worker.lostBytes;
      worker.run(600);
      // Up and down again: 10 + 20 + 40 s, then once a minute.
      expect(worker.changes).toBeLessThanOrEqual(2 * 14);
      expect(worker.lostBytes - lostBytes).toBeLessThan(0.001 * 600 * BYTES_PER_S);
    }
  });

  it('after a step up that held it is as quick as ever', () => {
    const worker = simulate(2);
    worker.run(600);
    worker.load = 0.2;
    // At most a minute to the first step, then five seconds for each.
    worker.run(60 + 7 * 6);
    expect(worker.policy.level).toBe(0);
  });
});

describe('what counts as full', () => {
  const look = (policy: ShedPolicy, load: Partial<Load>, times: number): number => {
    for (let n = 0; n < times; n += 1)
      policy.look({ busy: 1, queuedBytes: 0, dropped: 0, ...load }, n * LOOK_MS);
    return policy.level;
  };

  it('not a busy machine on which it waits for its turn, as long as nothing piles up', () => {
    expect(look(new ShedPolicy(), { busy: 1, queuedBytes: 20_000 }, 100)).toBe(0);
  });

  it('not a burst that is over at the next look, nor one that is being worked off', () => {
    const policy = new ShedPolicy();
    policy.look({ busy: 1, queuedBytes: 150_000, dropped: 0 }, 0);
    policy.look({ busy: 1, queuedBytes: 100_000, dropped: 0 }, 250);
    policy.look({ busy: 0.9, queuedBytes: 50_000, dropped: 0 }, 500);
    expect(policy.level).toBe(0);
  });

  it('a backlog that stays, at the second look; a flooded socket, or loss, at once and more', () => {
    expect(look(new ShedPolicy(), { queuedBytes: 100_000 }, 1)).toBe(0);
    expect(look(new ShedPolicy(), { queuedBytes: 100_000 }, 2)).toBe(1);
    expect(look(new ShedPolicy(), { queuedBytes: 300_000, busy: 0.8 }, 1)).toBe(2);
    expect(look(new ShedPolicy(), { queuedBytes: 300_000, busy: 0.75 }, 9)).toBe(0);
    expect(look(new ShedPolicy(), { busy: 0.75, dropped: 1 }, 1)).toBe(2);
  });
});
