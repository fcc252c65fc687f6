/**
 * Owns what a flag of the command line is: how it is typed, what it means, and the schema that its text goes through.
 * Does not own which flags a scenario has, nor the parsing of argv (program.ts).
 */
import * as z from 'zod';

/** One flag. `T` is what the program gets. */
export interface Flag<T> {
  /** As commander reads it: `--rooms <count>`. */
  readonly flags: string;
  readonly text: string;
  /** From the texts on the command line (none when the flag is not given). */
  readonly schema: z.ZodType<T>;
  /** As the help shows it. */
  readonly fallback?: string;
}

export type Flags = Readonly<Record<string, Flag<unknown>>>;

/** The values of a table of flags. */
export type Chosen<F extends Flags> = { readonly [K in keyof F]: F[K] extends Flag<infer T> ? T : never };

/** A flag that is given once takes the last text, as people expect of a command that they append to. */
const last = z
  .array(z.string())
  .transform((texts) => texts.at(-1))
  .optional();

const numberText = (message: string) => z.coerce.number<string | number>(message);

/** A whole number. */
export function count(
  flags: string,
  text: string,
  fallback: number,
  { min = 0, max = 1_000_000 }: { min?: number; max?: number } = {},
): Flag<number> {
  const message = `must be a whole number from ${min} to ${max}`;
  const number = numberText(message).int(message).min(min, message).max(max, message);
  return {
    flags,
    text,
    fallback: String(fallback),
    schema: last.transform((t) => t ?? fallback).pipe(number),
  };
}

/** A number with a fraction, above 0. */
export function amount(flags: string, text: string, fallback: number, max = 1_000_000): Flag<number> {
  const message = `must be a number above 0, at most ${max}`;
  const number = numberText(message).positive(message).max(max, message);
  return {
    flags,
    text,
    fallback: String(fallback),
    schema: last.transform((t) => t ?? fallback).pipe(number),
  };
}

/** One of a few words. */
export function choice<const W extends readonly [string, ...string[]]>(
  flags: string,
  text: string,
  words: W,
  fallback: W[number],
): Flag<W[number]> {
  const word = z.enum(words, `must be one of ${words.join(', ')}`);
  const help = `${text}: ${words.join(', ')}`;
  return { flags, text: help, fallback, schema: last.transform((t) => t ?? fallback).pipe(word) };
}

/** On when it is given. */
export function toggle(flags: string, text: string): Flag<boolean> {
  return { flags, text, schema: z.literal(true).optional().transform(Boolean) };
}

/** Any text that a schema takes; undefined when it is not given. */
export function optional<T>(flags: string, text: string, schema: z.ZodType<T, string>): Flag<T | undefined> {
  return { flags, text, schema: last.pipe(schema.optional()) };
}

/** May be given several times. */
export function several<T>(
  flags: string,
  text: string,
  schema: z.ZodType<T, string>,
  fallback: readonly string[] = [],
): Flag<T[]> {
  const shown = fallback.join(' ');
  return {
    flags,
    text: `${text}; repeatable`,
    ...(shown && { fallback: shown }),
    schema: z
      .array(z.string())
      .optional()
      .transform((texts) => texts ?? [...fallback])
      .pipe(z.array(schema)),
  };
}

/**
 * The values of all flags.
 * @param texts what was typed, by flag: a list of texts, or nothing.
 * @throws ZodError whose paths begin with the flag's name
 */
export function parseFlags<F extends Flags>(flags: F, texts: Readonly<Record<string, unknown>>): Chosen<F> {
  const shape = Object.fromEntries(Object.entries(flags).map(([name, { schema }]) => [name, schema]));
  // Each value went through its own flag's schema.
  return z.object(shape).parse(texts) as Chosen<F>;
}
