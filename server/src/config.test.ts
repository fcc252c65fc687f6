/** Tests of the settings: what is refused and how it is said. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, loadConfig } from './config.ts';

const noFile = join(tmpdir(), 'parley-no-such-env-file');
const load = (environment: Record<string, string>, argv: string[] = []) =>
  loadConfig(argv, environment, noFile);

function problemsOf(environment: Record<string, string>, argv: string[] = []): readonly string[] {
  try {
    load(environment, argv);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('loadConfig', () => {
  it('has defaults that suit one machine', () => {
    const config = load({});
    expect(config).toMatchObject({
      port: 3000,
      host: '127.0.0.1',
      mediaPort: 20000,
      guests: true,
      lan: false,
    });
    expect(config.dataDir).toMatch(/\/parley$/);
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('lists every mistake at once', () => {
    const problems = problemsOf({ PORT: '70000', PARLEY_TURN_URLS: 'http://x', PARLEY_TYPO: '1' }, [
      '--wrong',
    ]);
    expect(problems).toHaveLength(4);
    expect(problems.join('\n')).toMatch(/PARLEY_TYPO: unknown setting/);
    expect(problems.join('\n')).toMatch(/--wrong: unknown option/);
    expect(problems.join('\n')).toMatch(/^PORT: /m);
    expect(problems.join('\n')).toMatch(/^PARLEY_TURN_URLS: /m);
  });

  it.each([
    [{ REDIS_URL: 'redis://localhost' }],
    [{ DATABASE_URL: 'postgres://localhost/parley' }],
    [{ PARLEY_ROLES: 'media' }],
  ])('refuses %j as unsupported', (environment) => {
    expect(problemsOf(environment)).toEqual([expect.stringContaining('unsupported')]);
  });

  it.each([
    [{ PORT: '80x' }, 'PORT: must be a port number from 0 to 65535'],
    [{ PARLEY_MEDIA_PORT: '-1' }, 'PARLEY_MEDIA_PORT: must be a port number from 0 to 65535'],
    [{ PARLEY_MEDIA_WORKERS: '1.5' }, 'PARLEY_MEDIA_WORKERS: must be a whole number from 1 to 256'],
    [{ PARLEY_CHAT_RETENTION_DAYS: 'ever' }, /^PARLEY_CHAT_RETENTION_DAYS: must be a number of days/],
    [{ PARLEY_GUESTS: 'yes' }, 'PARLEY_GUESTS: must be one of on, off'],
  ])('says of %j what it must be', (environment, problem) => {
    expect(problemsOf(environment)).toEqual([expect.stringMatching(problem)]);
  });

  it('names the file of a mistake in it, and lines that are no settings, without repeating them', () => {
    const envFile = join(mkdtempSync(join(tmpdir(), 'parley-config-')), '.env');
    writeFileSync(
      envFile,
      '# ours\nPORT=abc\n\nPARLEY_API_KEYS: secret\nexport HOST=::1\nOTHER="two\nlines" # note\nPARLEY_TYPO=1\nlast\n',
    );
    const problems = () => {
      try {
        return loadConfig([], { PARLEY_GUESTS: 'maybe' }, envFile);
      } catch (error) {
        return error instanceof ConfigError ? error.problems : error;
      }
    };
    expect(problems()).toEqual([
      `${envFile}, line 4: must have the form NAME=value`,
      `${envFile}, line 9: must have the form NAME=value`,
      `PARLEY_TYPO: unknown setting (in ${envFile}); the README lists all`,
      `PORT: must be a port number from 0 to 65535 (in ${envFile})`,
      'PARLEY_GUESTS: must be one of on, off',
    ]);
  });

  it('never prints a secret', () => {
    const problems = problemsOf({ PARLEY_API_KEYS: 'acme:tooShortSecret', PARLEY_TURN_SECRET: 'short' });
    expect(problems).toHaveLength(2);
    expect(problems.join()).not.toMatch(/tooShortSecret|"short"/);
  });

  it('turns guests off when keys are set, unless asked', () => {
    const PARLEY_API_KEYS = `acme:${'s'.repeat(32)}`;
    expect(load({ PARLEY_API_KEYS }).guests).toBe(false);
    expect(load({ PARLEY_API_KEYS, PARLEY_GUESTS: 'on' }).guests).toBe(true);
    expect(load({ PARLEY_API_KEYS }).apiKeys.get('acme')).toBe('s'.repeat(32));
  });

  it.each(['default:', 'a b:', ':'])('refuses the key %j', (prefix) => {
    expect(problemsOf({ PARLEY_API_KEYS: `${prefix}${'s'.repeat(32)}` })).toHaveLength(1);
  });

  it('takes how many connections there may be and how fast they may come', () => {
    expect(load({}).connections).toEqual({
      max: 15_000,
      httpPerAddress: 512,
      socketsPerAddress: { burst: 1_000, perSecond: 100 },
    });
    const set = {
      PARLEY_MAX_CONNECTIONS: '20000',
      PARLEY_MAX_CONNECTIONS_PER_ADDRESS: '9',
      PARLEY_CONNECT_BURST: '5000',
      PARLEY_CONNECT_RATE: '400',
    };
    expect(load(set).connections).toEqual({
      max: 20_000,
      httpPerAddress: 9,
      socketsPerAddress: { burst: 5_000, perSecond: 400 },
    });
    expect(problemsOf({ PARLEY_CONNECT_RATE: '0' })).toEqual([
      expect.stringMatching(/^PARLEY_CONNECT_RATE: /),
    ]);
  });

  it('binds every interface with --lan, unless HOST says otherwise', () => {
    expect(load({}, ['--lan'])).toMatchObject({ lan: true, host: '::' });
    expect(load({ HOST: '10.0.0.7' }, ['--lan']).host).toBe('10.0.0.7');
  });

  it('wants both halves of a certificate, and a secret beside TURN urls', () => {
    expect(problemsOf({ PARLEY_TLS_CERT: 'cert.pem' })).toEqual([expect.stringContaining('PARLEY_TLS_KEY')]);
    expect(problemsOf({ PARLEY_TURN_URLS: 'turn:example.org:3478' })).toEqual([
      expect.stringContaining('PARLEY_TURN_SECRET'),
    ]);
  });

  it('reads .env, and the environment wins', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'parley-config-')), '.env');
    writeFileSync(file, 'PORT=4000\nHOST=::1\n');
    expect(loadConfig([], { PORT: '5000' }, file)).toMatchObject({ port: 5000, host: '::1' });
  });
});
