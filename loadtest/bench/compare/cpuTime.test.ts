import { describe, expect, it } from 'vitest';
import { coreSeconds, cpuSeconds, parseCoreTicks, parseProcessTicks } from './cpuTime.ts';

describe('CPU time', () => {
  it('adds user and system time, whatever the name of the process is', () => {
    const fields = 'S 1 2 3 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 9 0 12345';
    expect(parseProcessTicks(`4711 (mediasoup-worker) ${fields}`)).toBe(300);
    expect(parseProcessTicks(`4711 (a) b (c 1 2) ${fields}`)).toBe(300);
    expect(() => parseProcessTicks('nonsense')).toThrow('not a process');
  });

  it('counts all that a core did, idling and waiting left out', () => {
    const stat = 'cpu  10 0 10 100 5 0 0 0\ncpu0 7 1 5 900 40 2 3 0 0 0\ncpu1 1 0 1 90 1 0 0 0\n';
    expect(parseCoreTicks(stat, 0)).toBe(18);
    expect(parseCoreTicks(stat, 1)).toBe(2);
    expect(parseCoreTicks(stat, 2)).toBeUndefined();
  });

  it('reads its own', async () => {
    const before = await cpuSeconds([process.pid]);
    for (const end = performance.now() + 100; performance.now() < end; );
    const used = (await cpuSeconds([process.pid])) - before;
    expect(used).toBeGreaterThan(0.02);
    expect(await coreSeconds(0)).toBeGreaterThan(0);
  });
});
