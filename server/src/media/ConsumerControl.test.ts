import { describe, expect, it } from 'vitest';
import { settled } from '../../test/support/FakeClock.ts';
import { ConsumerControl } from './ConsumerControl.ts';

/** A consumer whose calls are answered one by one. */
function controlled(kind: 'audio' | 'video') {
  const calls: string[] = [];
  const answers: (() => void)[] = [];
  const call = (what: string) => async () => {
    calls.push(what);
    await new Promise<void>((resolve) => answers.push(resolve));
  };
  const consumer = {
    kind,
    closed: false,
    pause: call('pause'),
    resume: call('resume'),
    setPreferredLayers: ({ spatialLayer }: { spatialLayer: number }) => call(`layer ${spatialLayer}`)(),
    setPriority: (priority: number) => call(`priority ${priority}`)(),
  };
  const control = new ConsumerControl(consumer, (_what, request) => request());
  const answerAll = async () => {
    for (await settled(); answers.length > 0; await settled()) answers.shift()?.();
  };
  return { calls, consumer, control, answerAll, answer: () => answers.shift()?.() };
}

const layers = (spatialLayer: number) => ({ spatialLayer, temporalLayer: 2 });

describe('a consumer', () => {
  it('of a picture flows when client and server want it, as it is to be from the beginning', async () => {
    const { control, calls, answerAll } = controlled('video');
    control.steer({ flows: true, layers: layers(1), priority: 50 });
    expect(calls).toEqual([]);
    const done = control.setClientPaused(false);
    await answerAll();
    await done;
    expect(calls).toEqual(['layer 1', 'priority 50', 'resume']);
    control.steer({ flows: false });
    await answerAll();
    control.steer({ flows: true, layers: layers(1), priority: 50 });
    await answerAll();
    expect(calls.slice(3)).toEqual(['pause', 'resume']);
  });

  it('of sound flows without being asked for, unless the client refuses it', async () => {
    const { control, calls, answerAll } = controlled('audio');
    control.steer({ flows: true });
    await answerAll();
    expect(calls).toEqual(['resume']);
    const done = control.setClientPaused(true);
    await answerAll();
    await done;
    expect(control.refused).toBe(true);
    control.steer({ flows: true });
    await answerAll();
    expect(calls).toEqual(['resume', 'pause']);
  });

  it('[VIEW5] a flood of changes becomes one call at a time, and the last word holds', async () => {
    const { control, calls, answerAll } = controlled('video');
    const done = control.setClientPaused(false);
    for (let n = 0; n < 1_000; n += 1) control.steer({ flows: n % 2 === 0, layers: layers(n % 3) });
    expect(calls).toHaveLength(1);
    control.steer({ flows: true, layers: layers(2), priority: 10 });
    await answerAll();
    await done;
    expect(calls.length).toBeLessThanOrEqual(5);
    expect(calls.filter((call) => call.startsWith('layer')).at(-1)).toBe('layer 2');
    expect(calls.at(-1)).not.toBe('pause');
  });

  it('that is gone needs no calls, and a refused call is told only to the client that asked', async () => {
    const { control, consumer, calls, answerAll } = controlled('video');
    consumer.resume = () => Promise.reject(new Error('gone'));
    await expect(control.setClientPaused(false)).rejects.toThrow('gone');
    control.steer({ flows: true });
    await answerAll();
    consumer.closed = true;
    await control.setClientPaused(true);
    expect(calls).toEqual([]);
  });
});
