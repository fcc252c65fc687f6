/**
 * The command line: every scenario explains itself, stable flags are there, mistakes are one line.
 */
import { describe, expect, test } from 'vitest';
import { isFigureName } from '../report/figureTable.ts';
import { scenarios } from '../scenarios/index.ts';
import { parseCommandLine } from './program.ts';
import { UsageError } from './UsageError.ts';

const parse = (...argv: string[]) => parseCommandLine(argv, scenarios);
const understood = (...argv: string[]) => {
  const invocation = parse(...argv);
  if ('text' in invocation) throw new Error(invocation.text);
  return invocation;
};
function mistake(...argv: string[]): string {
  try {
    parse(...argv);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return '';
}

describe('help', () => {
  test('lists every scenario', () => {
    const help = parse('--help');
    for (const { name } of scenarios)
      expect(help).toHaveProperty('text', expect.stringContaining(`  ${name} [options]`));
  });

  test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
    '%s explains its flags and figures, with examples that can be run',
    (name, { examples, figures }) => {
      const help = parse(name, '--help');
      const stable = ['--url', '--token-key', '--duration', '--json', '--html', '--assert', '--seed'];
      for (const flag of stable) expect(help).toHaveProperty('text', expect.stringContaining(`  ${flag} `));
      expect(figures.every(isFigureName)).toBe(true);
      expect(examples.length).toBeGreaterThan(1);
      for (const example of examples) {
        const argv = [...example.matchAll(/'([^']*)'|(\S+)/g)].map(
          ([, quoted, plain]) => quoted ?? plain ?? '',
        );
        expect(understood(...argv).scenario.name).toBe(name);
      }
    },
  );

  test('prints the schema of the report', () => {
    const schema = parse('schema');
    expect(JSON.parse('text' in schema ? schema.text : '')).toMatchObject({
      properties: { version: { const: 1 } },
    });
  });
});

describe('a command', () => {
  test('has defaults', () => {
    const { common, bound, ramp } = understood('media');
    expect(common.url.map(String)).toEqual(['http://localhost:3000/']);
    expect(common).toEqual({ url: expect.anything(), assert: [], seed: 1 });
    expect(bound.options).toMatchObject({ rooms: 1, publishers: 2, subscribers: 8, duration: 30 });
    expect(ramp).toBeUndefined();
  });

  test('takes what is given, several times where that makes sense, else the last', () => {
    const { common, bound } = understood(
      ...['chat', '--url', 'http://a:1', '--url', 'wss://b/ws', '--rooms', '3', '--rooms', '4'],
      ...['--assert', 'chatLost==0', '--assert', 'joinP95Ms<9', '--token-key', 'acme:s:e', '--rate', '0.5'],
    );
    expect(common.url.map(String)).toEqual(['http://a:1/', 'wss://b/ws']);
    expect(common.assert.map(({ figure }) => figure)).toEqual(['chatLost', 'joinP95Ms']);
    expect(common.tokenKey).toEqual({ key: 'acme', secret: 's:e' });
    expect(bound.options).toMatchObject({ rooms: 4, rate: 0.5 });
    expect(bound.need).toEqual({ bots: 40, media: false });
  });

  test('ramps what it is told to, or the first', () => {
    expect(understood('media', '--ramp').ramp).toBe('rooms');
    expect(understood('media', '--ramp', 'subscribers').ramp).toBe('subscribers');
    expect(understood('sockets', '--ramp', '--sockets', '5').ramp).toBe('sockets');
    expect(understood('media').bound.with('subscribers', 30).need.bots).toBe(32);
  });
});

describe('a mistake is one line', () => {
  test.each([
    [[], 'Name a scenario: media, join, chat, sockets, reconnect, soak, probe.'],
    [['medai'], "Unknown command 'medai' (Did you mean media?)"],
    [['media', '--rooom', '3'], "Unknown option '--rooom' (Did you mean --rooms?)"],
    [['media', '--rooms'], "Option '--rooms <count>' argument missing"],
    [['media', 'now'], "Too many arguments for 'media'"],
    [['media', '--rooms', '1.5'], '--rooms: must be a whole number from 1 to 100000'],
    [['media', '--rooms', ''], '--rooms: must be a whole number from 1 to 100000'],
    [['media', '--duration', '0'], '--duration: must be a number above 0, at most 1000000'],
    [['media', '--speech', 'loud'], '--speech: must be one of turns, continuous, silent'],
    [['media', '--url', 'localhost:3000'], '--url: "localhost:3000" must be an address such as'],
    [['media', '--assert', 'joinP95<1'], '--assert: there is no figure "joinP95" (did you mean joinP95Ms?)'],
    [['media', '--ramp', 'seats'], '--ramp: must be one of rooms, publishers, subscribers'],
    [['soak', '--ramp'], "Unknown option '--ramp'"],
    [['media', '--processes', '100'], '--processes: must be a whole number from 1 to 64'],
  ])('%j', (argv, message) => {
    expect(mistake(...argv)).toContain(message);
    expect(mistake(...argv)).not.toContain('\n');
  });

  test('that holds a secret does not repeat it', () => {
    expect(mistake('media', '--token-key', 'onlyasecret')).toMatch(
      /^--token-key: must have the form KEY:SECRET/,
    );
    expect(mistake('media', '--token-key', 'onlyasecret')).not.toContain('onlyasecret');
  });
});
