/** Tests of the settings: what is refused and how it is said. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, loadConfig } from './config.ts';

const noFile = join(tmpdir(), 'parley-no-such-env-file');
const load = (environment: Record<string, string>, argv: string[] = []) =>
  loadConfig(argv, environment, noFile);

const fileWith = (text: string | Buffer) => {
  const file = join(mkdtempSync(join(tmpdir(), 'parley-config-')), '.env');
  writeFileSync(file, text);
  return file;
};

function problemsOf(
  environment: Record<string, string>,
  argv: string[] = [],
  envFile = noFile,
): readonly string[] {
  try {
    loadConfig(argv, environment, envFile);
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

  it.each([[{ DATABASE_URL: 'postgres://localhost/parley' }]])('refuses %j as unsupported', (environment) => {
    expect(problemsOf(environment)).toEqual([expect.stringContaining('unsupported')]);
  });

  it.each([
    [{ PARLEY_ROLES: 'media' }, 'PARLEY_ROLES: nodes with one role find each other by Redis; set REDIS_URL'],
    [{ PARLEY_ROLES: 'signaling,all' }, 'PARLEY_ROLES.1: must be one of signaling, media'],
    [{ PARLEY_ROLES: ' ' }, 'PARLEY_ROLES: must not be blank'],
    [
      { PARLEY_CLUSTER_SECRET: 'too short' },
      'PARLEY_CLUSTER_SECRET: must have at least 32 bytes; make one with: openssl rand -hex 32',
    ],
    [{ PARLEY_NODE_ID: 'a.b' }, 'PARLEY_NODE_ID: must have 1 to 40 letters, digits, - and _'],
    [{ PARLEY_REGION: 'é' }, 'PARLEY_REGION: must have 1 to 40 letters, digits, - and _'],
    [
      { PARLEY_RPC_ADDRESS: '10.0.0.1:7400' },
      'PARLEY_RPC_ADDRESS: must be an IP address or a host name, without a port',
    ],
  ])('of a cluster refuses %j', (environment, problem) => {
    expect(problemsOf(environment)).toEqual([problem]);
  });

  it('takes both roles, and no cluster, by itself', () => {
    expect([...load({}).roles]).toEqual(['signaling', 'media']);
    expect(load({ PARLEY_CLUSTER_SECRET: 's'.repeat(32) }).cluster).toBeUndefined();
  });

  it('takes a Redis, and names a mistake in it without its password', () => {
    expect(load({}).redis).toBeUndefined();
    const PARLEY_CLUSTER_SECRET = 's'.repeat(32);
    const { redis, cluster } = load({ REDIS_URL: 'redis://cache.lan', PARLEY_CLUSTER_SECRET });
    expect(redis?.hosts).toEqual([{ host: 'cache.lan', port: 6379 }]);
    expect(cluster).toMatchObject({ secret: PARLEY_CLUSTER_SECRET });
    expect(problemsOf({ REDIS_URL: 'redis://cache.lan' })).toEqual([
      expect.stringContaining('PARLEY_CLUSTER_SECRET: required with REDIS_URL'),
    ]);
    const split = { REDIS_URL: 'redis://cache.lan', PARLEY_CLUSTER_SECRET, PARLEY_ROLES: 'media' };
    expect(problemsOf(split)).toEqual([expect.stringContaining('unsupported')]);
    const [problem, ...more] = problemsOf({ REDIS_URL: 'redis://:s3cret@' });
    expect(problem).toMatch(/^REDIS_URL: must look like redis:/);
    expect(problem).not.toContain('s3cret');
    expect(more).toEqual([]);
  });

  it('takes codecs in their order, in any case', () => {
    expect(load({}).videoCodecs).toEqual(['vp8']);
    expect(load({ PARLEY_VIDEO_CODECS: 'AV1, vp9,vp8' }).videoCodecs).toEqual(['av1', 'vp9', 'vp8']);
  });

  it.each([
    [{ PORT: '80x' }, 'PORT: must be a port number from 0 to 65535'],
    [{ PARLEY_MEDIA_PORT: '-1' }, 'PARLEY_MEDIA_PORT: must be a port number from 0 to 65535'],
    [{ PARLEY_LOUDEST: '0' }, 'PARLEY_LOUDEST: must be a whole number from 1 to 10'],
    [{ PARLEY_MEDIA_WORKERS: '1.5' }, 'PARLEY_MEDIA_WORKERS: must be a whole number from 1 to 256'],
    [{ PARLEY_CHAT_RETENTION_DAYS: 'ever' }, /^PARLEY_CHAT_RETENTION_DAYS: must be a number of days/],
    [{ PARLEY_GUESTS: 'yes' }, 'PARLEY_GUESTS: must be one of on, off'],
    [{ PARLEY_VIDEO_CODECS: 'vp8,theora' }, 'PARLEY_VIDEO_CODECS.1: must be one of vp8, vp9, h264, av1'],
    [{ PARLEY_VIDEO_CODECS: 'vp9,VP9' }, 'PARLEY_VIDEO_CODECS: must not name a codec twice'],
    [{ PORT: ' ' }, 'PORT: must be a port number from 0 to 65535'],
    [{ PORT: '0x50' }, 'PORT: must be a port number from 0 to 65535'],
    [{ PARLEY_CHAT_RETENTION_DAYS: '\t' }, /^PARLEY_CHAT_RETENTION_DAYS: must be a number of days/],
    [{ HOST: ' ' }, 'HOST: must not be blank'],
    [{ PARLEY_DATA_DIR: ' ' }, 'PARLEY_DATA_DIR: must not be blank'],
    [{ PARLEY_API_KEYS: ' , ' }, 'PARLEY_API_KEYS: must not be blank'],
  ])('says of %j what it must be', (environment, problem) => {
    expect(problemsOf(environment)).toEqual([expect.stringMatching(problem)]);
  });

  it('names the file of a mistake in it, and lines that are no settings, without repeating them', () => {
    const envFile = fileWith(
      '# ours\nPORT=abc\n\nPARLEY_API_KEYS: secret\nexport HOST=::1\nOTHER="two\nlines" # note\nPARLEY_TYPO=1\nlast\n',
    );
    expect(problemsOf({ PARLEY_GUESTS: 'maybe' }, [], envFile)).toEqual([
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

  it('[VIEWER4] takes how many may sit in a room and how many may watch', () => {
    expect(load({}).roomLimits).toEqual({ seats: 500, viewers: 1_000 });
    const set = { PARLEY_MAX_SEATS: '20', PARLEY_MAX_VIEWERS: '0' };
    expect(load(set).roomLimits).toEqual({ seats: 20, viewers: 0 });
    expect(problemsOf({ PARLEY_MAX_SEATS: '0' })).toEqual([expect.stringMatching(/^PARLEY_MAX_SEATS: /)]);
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
    const file = fileWith('PORT=4000\r\n\r\n\t# ours\r\n  export HOST = ::1\r\n');
    expect(loadConfig([], { PORT: '5000' }, file)).toMatchObject({ port: 5000, host: '::1' });
  });

  it('reads the first setting of a .env with a byte order mark', () => {
    const file = fileWith(`\uFEFFPARLEY_API_KEYS=acme:${'s'.repeat(32)}\nPORT=4000\n`);
    const config = loadConfig([], {}, file);
    expect(config).toMatchObject({ port: 4000, guests: false });
    expect(config.apiKeys.has('acme')).toBe(true);
  });

  it.each([
    'A=1\n\uFEFFPORT=1',
    'A=1\n\u00A0PORT=1',
    'A=1\nPORT\u00A0=1',
    'A=1\nexport\u00A0PORT=1',
    'A=1\n\u2028PORT=1',
  ])('refuses a name that blanks hide (%j) instead of dropping the setting', (text) => {
    const file = fileWith(text);
    expect(problemsOf({}, [], file)).toEqual([`${file}, line 2: must have the form NAME=value`]);
  });

  it('refuses a file of UTF-16, as some shells write it', () => {
    const file = fileWith(Buffer.from('\uFEFFPORT=1\r\n', 'utf16le'));
    expect(problemsOf({}, [], file)[0]).toBe(`${file}, line 1: must have the form NAME=value`);
  });

  it('says that .env cannot be read, beside all other mistakes', () => {
    const file = mkdtempSync(join(tmpdir(), 'parley-config-'));
    expect(problemsOf({ PORT: 'x' }, [], file)).toEqual([
      `${file}: cannot be read (EISDIR)`,
      expect.stringMatching(/^PORT: /),
    ]);
  });

  it.each([
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/abc',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '::1/129',
    '/8',
    'proxy',
  ])('refuses %j as a trusted proxy', (range) => {
    expect(problemsOf({ PARLEY_TRUSTED_PROXIES: `127.0.0.1,${range}` })).toEqual([
      'PARLEY_TRUSTED_PROXIES: must be a comma-separated list of addresses or CIDR ranges',
    ]);
  });

  it('counts one media port for each worker', () => {
    const ports = (PARLEY_MEDIA_PORT: string, PARLEY_MEDIA_WORKERS: string) =>
      problemsOf({ PARLEY_MEDIA_PORT, PARLEY_MEDIA_WORKERS });
    expect(ports('65535', '1')).toEqual([]);
    expect(ports('65280', '256')).toEqual([]);
    expect(ports('0', '256')).toEqual([]);
    expect(ports('65535', '2')).toEqual([
      'PARLEY_MEDIA_PORT: one port for each of 2 workers would go up to 65536, beyond 65535',
    ]);
  });

  it.each(['203.0.113.5', '2001:db8::7', 'sfu.example.org', 'sfu-1', 'xn--bcher-kva.example.'])(
    'announces %j',
    (address) => {
      expect(load({ PARLEY_ANNOUNCED_ADDRESS: address }).announcedAddress).toBe(address);
    },
  );

  it.each([
    'http://x y',
    'http://sfu.example.org',
    'sfu.example.org:20000',
    '[2001:db8::7]',
    'fe80::1%eth0',
    '203.0.113.256',
    '1.2.3',
    'a..b',
    '-a.example',
    `${'a'.repeat(64)}.example`,
  ])('refuses to announce %j', (address) => {
    expect(problemsOf({ PARLEY_ANNOUNCED_ADDRESS: address })).toEqual([
      'PARLEY_ANNOUNCED_ADDRESS: must be an IP address or a host name, without a port',
    ]);
  });
});
