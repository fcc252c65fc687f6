/**
 * Owns the flags that every scenario has. Their names are stable: scripts and schedules are written with them.
 * Does not own what scenarios add.
 */
import * as z from 'zod';
import { Assertion } from '../report/assertions.ts';
import { count, type Flag, optional, several } from './flags.ts';

const Url = z.string().transform((text, context) => {
  const url = URL.parse(text);
  if (url && ['http:', 'https:', 'ws:', 'wss:'].includes(url.protocol)) return url;
  context.addIssue(`"${text}" must be an address such as http://localhost:3000`);
  return z.NEVER;
});

// The secret itself is never part of a message.
const TokenKeyText = z.string().transform((text, context) => {
  const colon = text.indexOf(':');
  if (colon > 0 && colon < text.length - 1)
    return { key: text.slice(0, colon), secret: text.slice(colon + 1) };
  context.addIssue('must have the form KEY:SECRET, as in PARLEY_API_KEYS');
  return z.NEVER;
});

const wrongCount = 'must be a whole number from 1 to 64';
const ProcessCount = z
  .string()
  .transform(Number)
  .pipe(z.int(wrongCount).min(1, wrongCount).max(64, wrongCount));

const File = z.string().min(1, 'must name a file');

/** Flags of every scenario. */
export const commonFlags = {
  url: several('--url <address>', 'server under test', Url, ['http://localhost:3000']),
  tokenKey: optional(
    '--token-key <key:secret>',
    'API key to mint a token for each bot with; without: guests',
    TokenKeyText,
  ),
  json: optional('--json <file>', 'write the report as JSON (its schema: npm run loadtest -- schema)', File),
  html: optional('--html <file>', 'write the report as one page with charts', File),
  assert: several(
    '--assert <expression>',
    "make the run fail unless this holds, such as 'joinP95Ms<1000'",
    Assertion,
  ),
  seed: count('--seed <number>', 'same seed, same speakers and leavers', 1, { max: 2 ** 31 - 1 }),
  processes: optional('--processes <count>', 'bot processes; default: what the load needs', ProcessCount),
};

/** `--ramp`, for scenarios whose load can grow. */
export const rampFlag = (units: readonly string[]): Flag<string | undefined> => ({
  flags: '--ramp [count]',
  text: `grow a count until delivery falls below 99.9 %, and say what gave way: ${units.join(', ')}`,
  ...(units[0] && { fallback: units[0] }),
  schema: z
    .literal(true)
    .transform(() => units.slice(0, 1))
    .or(z.array(z.string()))
    .optional()
    .transform((texts) => texts?.at(-1))
    .refine((unit) => unit === undefined || units.includes(unit), `must be one of ${units.join(', ')}`),
});
