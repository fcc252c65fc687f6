/**
 * Owns where results go: comparison.json and comparison.md, and the section of loadtest/README.md between the markers.
 * Cases that were not measured this time keep the result that they have. Does not own how they look (report/markdown.ts).
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fullCases } from './cases.ts';
import { comparisonMarkdown, fillMarkers } from './report/markdown.ts';
import { type CaseResult, Result } from './report/result.ts';

const readme = fileURLToPath(new URL('../../README.md', import.meta.url));

/** Writes files to a folder; gives all cases that they hold now. */
export async function writeResults(folder: string, measured: readonly CaseResult[]): Promise<CaseResult[]> {
  const file = join(folder, 'comparison.json');
  const cases = merge(await readCases(file), measured);
  await mkdir(folder, { recursive: true });
  await writeFile(file, `${JSON.stringify({ version: 1, cases } satisfies Result, undefined, 1)}\n`);
  await writeFile(join(folder, 'comparison.md'), `${comparisonMarkdown(cases)}\n`);
  return cases;
}

/** Shows them in loadtest/README.md; gives false when that has no place for them. */
export async function showInReadme(cases: readonly CaseResult[]): Promise<boolean> {
  const text = await readFile(readme, 'utf8').catch(() => '');
  const filled = fillMarkers(text, comparisonMarkdown(cases));
  if (filled === undefined) return false;
  await writeFile(readme, filled);
  return true;
}

async function readCases(file: string): Promise<CaseResult[]> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return [];
  const parsed = Result.safeParse(JSON.parse(text));
  // Of another version: measured anew is better than converted.
  return parsed.success ? parsed.data.cases : [];
}

/** The new ones in place of the old ones, in the order of the comparison. */
function merge(old: readonly CaseResult[], measured: readonly CaseResult[]): CaseResult[] {
  const byId = new Map([...old, ...measured].map((result) => [result.id, result]));
  const order = fullCases().map(({ id }) => id);
  const place = (id: string): number => (order.includes(id) ? order.indexOf(id) : order.length);
  return [...byId.values()].sort((a, b) => place(a.id) - place(b.id));
}
