import { describe, expect, it } from 'vitest';
import { asShipped, tuned } from './janusConfig.ts';

const general =
  'general: {\n\tdebug_level = 4\t# how much\n\t#event_loops = 8\n}\n\nnat: {\n\tnice_debug = false\n}\n';

describe("Janus' configuration", () => {
  it('is left alone as shipped', () => {
    expect(asShipped('janus.jcfg', general)).toBe(general);
  });

  it('gets threads that are shared, and is quiet, when tuned', () => {
    const text = tuned(2)('janus.jcfg', general);
    const set = text.split('\n').filter((line) => !line.trim().startsWith('#'));
    expect(set).toContain('\tevent_loops = 2');
    expect(set).toContain('\tdebug_level = 2');
    expect(set.join('\n')).not.toContain('debug_level = 4');
    expect(set).toContain('\tnice_debug = false');
  });

  it('leaves other files alone, and refuses a file of another form', () => {
    expect(tuned(1)('janus.plugin.videoroom.jcfg', general)).toBe(general);
    expect(() => tuned(1)('janus.jcfg', 'nothing here')).toThrow('general');
  });
});
