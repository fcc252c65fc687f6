/**
 * The command line's own language: commands, options, help, refusals.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commands, parseArguments } from './arguments.mjs';
import { SetupError } from './setupError.mjs';

describe('parseArguments', () => {
  test('reads a command with its options', () => {
    expect(parseArguments(['start', '--lan', '--yes'])).toEqual({
      command: 'start',
      options: new Set(['--lan', '--yes']),
      rest: [],
    });
  });

  test.each([[[]], [['--help']], [['help']]])('shows every command for %j', (args) => {
    const parsed = parseArguments(args);
    for (const { summary } of Object.values(commands))
      expect(parsed).toHaveProperty('help', expect.stringContaining(summary));
  });

  test('shows a command’s options for --help', () => {
    expect(parseArguments(['start', '--help'])).toHaveProperty('help', expect.stringContaining('--lan'));
  });

  test.each(['--lna', 'lan', '-y', '--lan=1'])('refuses the option %s with the list', (option) => {
    expect(() => parseArguments(['start', option])).toThrow(
      expect.objectContaining({
        message: expect.stringContaining(`"${option}"`),
        mend: 'Options: --lan, --yes, --help.',
      }),
    );
  });

  test.each([{ npm_config_long: 'true', npm_config_all: 'true' }, { npm_config_lan: 'true' }])(
    'refuses a --lan that npm has taken: %j',
    (environment) => {
      const mend = { mend: expect.stringContaining('npm start -- --lan') };
      expect(() => parseArguments(['start'], environment)).toThrow(expect.objectContaining(mend));
      expect(parseArguments(['start', '--lan'], environment)).toHaveProperty('command', 'start');
      expect(parseArguments(['check'], environment)).toHaveProperty('command', 'check');
    },
  );

  test.each(['strat', 'constructor', '__proto__'])('refuses the command %s with the list', (command) => {
    expect(() => parseArguments([command])).toThrow(SetupError);
  });

  test('hands a benchmark its own arguments', () => {
    expect(parseArguments(['bench', 'joinTime', '--yes', '--joins=3'])).toMatchObject({
      options: new Set(['--yes']),
      rest: ['joinTime', '--joins=3'],
    });
  });
});

test('hands the load tool everything, its help too', () => {
  expect(parseArguments(['loadtest', 'media', '--help', '--rooms', '2'])).toMatchObject({
    command: 'loadtest',
    rest: ['media', '--help', '--rooms', '2'],
  });
});

describe('parley.mjs', () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(import.meta.dirname, 'parley.mjs'), ...args], { encoding: 'utf8' });

  test('prints help on stdout and ends with 0', () => {
    expect(run('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('npm start') });
  });

  test('names an unknown option on stderr and ends with 1', () => {
    expect(run('start', '--foo')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining('--foo'),
    });
  });

  test('closes a test run that could not start with one failure', () => {
    expect(run('test', '--foo')).toMatchObject({
      status: 1,
      stdout: 'Failed: Set-up\n0 passed, 1 failed, 0 skipped\n',
    });
  });
});
