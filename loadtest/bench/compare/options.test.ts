import { describe, expect, it } from 'vitest';
import { OptionError, parseCompareOptions } from './options.ts';

const parse = (...args: string[]) => parseCompareOptions(args, 'results');

describe('options of the comparison', () => {
  it('publishes a whole run', () => {
    const options = parse();
    expect(options).toMatchObject({ rounds: 6, seconds: 20, out: 'results', publish: true });
    expect(options.contenders).toEqual(['parley', 'm1', 'm0', 'j0', 'j1']);
  });

  it('never publishes a run that is too short or goes elsewhere', () => {
    expect(parse('--quick')).toMatchObject({ out: undefined, publish: false, rounds: 2, seconds: 3 });
    expect(parse('--rounds', '5').publish).toBe(false);
    expect(parse('--seconds', '10').publish).toBe(false);
    expect(parse('--out', 'elsewhere')).toMatchObject({ out: 'elsewhere', publish: false });
  });

  it('takes some cases and contenders', () => {
    const { cases, contenders } = parse('--cases', 'video,join', '--contenders', 'm1,parley');
    expect(new Set(cases.map(({ family }) => family))).toEqual(new Set(['video', 'join']));
    expect(contenders).toEqual(['m1', 'parley']);
  });

  it.each([
    ['--cases', 'film'],
    ['--contenders', 'x'],
    ['--rounds', '0'],
    ['--seconds', 'a'],
    ['--nonsense'],
    ['more'],
  ])('refuses %s %s', (...args) => {
    expect(() => parse(...args.filter((arg) => arg !== undefined))).toThrow(OptionError);
  });
});
