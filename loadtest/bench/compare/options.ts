/**
 * Owns the options of the comparison. Does not own what they lead to (compare.ts).
 */
import { parseArgs } from 'node:util';
import * as z from 'zod';
import {
  type Case,
  type ContenderId,
  contenderIds,
  type Family,
  families,
  fullCases,
  quickCases,
} from './cases.ts';

/** What is measured, and how. */
export interface CompareOptions {
  readonly cases: readonly Case[];
  readonly contenders: readonly ContenderId[];
  readonly rounds: number;
  readonly seconds: number;
  readonly seed: number;
  /** Folder for comparison.json and comparison.md. */
  readonly out: string | undefined;
  /** Whether the result goes to loadtest/README.md. */
  readonly publish: boolean;
}

export const compareUsage = `Usage: npm run bench -- compare [options]

  --quick            small loads, 2 rounds of 3 s: to see that everything works
  --cases A,B        of ${families.join(', ')}
  --contenders A,B   of ${contenderIds.join(', ')}
  --rounds N         how often each is measured, the first one dropped (6)
  --seconds N        how long (20)
  --seed N           order of the contenders in each round (1)
  --out FOLDER       where comparison.json and comparison.md go; default: loadtest/bench/results, with --quick nowhere

A run of at least 6 rounds of 20 s also updates the section "Comparison" of loadtest/README.md. Cases that are not asked for keep
the result that they have.`;

/** Fewer rounds or shorter ones are for trying out: they are not published. */
const PUBLISHED = { rounds: 6, seconds: 20 };

/** Something that somebody typed is wrong: the message says what. */
export class OptionError extends Error {}

const Count = z.coerce.number().int().positive().max(1000);

/** @throws OptionError */
export function parseCompareOptions(args: readonly string[], resultsFolder: string): CompareOptions {
  const { values } = parse(args);
  const quick = values.quick ?? false;
  const wantedFamilies = list<Family>(values.cases, families, '--cases');
  const cases = (quick ? quickCases() : fullCases()).filter(({ family }) => wantedFamilies.includes(family));
  const rounds = count(values.rounds, quick ? 2 : PUBLISHED.rounds, '--rounds');
  const seconds = count(values.seconds, quick ? 3 : PUBLISHED.seconds, '--seconds');
  return {
    cases,
    contenders: list<ContenderId>(values.contenders, contenderIds, '--contenders'),
    rounds,
    seconds,
    seed: count(values.seed, 1, '--seed'),
    out: values.out ?? (quick ? undefined : resultsFolder),
    publish: !quick && values.out === undefined && rounds >= PUBLISHED.rounds && seconds >= PUBLISHED.seconds,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean' },
        cases: { type: 'string' },
        contenders: { type: 'string' },
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        seed: { type: 'string' },
        out: { type: 'string' },
      },
    });
  } catch (error) {
    throw new OptionError(error instanceof Error ? error.message : String(error));
  }
}

function list<T extends string>(text: string | undefined, all: readonly T[], name: string): readonly T[] {
  if (text === undefined) return all;
  return text.split(',').map((item) => {
    const known = all.find((one) => one === item);
    if (known === undefined) throw new OptionError(`${name} takes ${all.join(', ')}; not "${item}".`);
    return known;
  });
}

function count(text: string | undefined, otherwise: number, name: string): number {
  if (text === undefined) return otherwise;
  const parsed = Count.safeParse(text);
  if (!parsed.success) throw new OptionError(`${name} takes a whole number from 1 to 1000; not "${text}".`);
  return parsed.data;
}
