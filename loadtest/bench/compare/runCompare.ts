/**
 * Owns `npm run bench -- compare` as a command: options to a run, Ctrl-C, results to files and terminal.
 * Does not own the run (compare.ts).
 */
import { fileURLToPath } from 'node:url';
import { compare } from './compare.ts';
import { compareUsage, OptionError, parseCompareOptions } from './options.ts';
import { showInReadme, writeResults } from './publish.ts';
import { comparisonMarkdown } from './report/markdown.ts';

const resultsFolder = fileURLToPath(new URL('../results', import.meta.url));
const INTERRUPTED = 130;

/** Gives the exit code. */
export async function runCompare(args: readonly string[]): Promise<number> {
  // "--help" is taken by the set-up before.
  if (args[0] === 'help' || args.includes('--help')) {
    console.log(compareUsage);
    return 0;
  }
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  try {
    const options = parseCompareOptions(args, resultsFolder);
    process.once('SIGINT', interrupt);
    process.once('SIGTERM', interrupt);
    const measured = await compare(options, (line) => console.log(line), stop.signal);
    console.log(`\n${comparisonMarkdown(measured)}\n`);
    if (options.out === undefined) return 0;
    const cases = await writeResults(options.out, measured);
    console.log(`Written to ${options.out}.`);
    if (options.publish && !(await showInReadme(cases)))
      console.log('loadtest/README.md has no place for it.');
    return 0;
  } catch (error) {
    if (stop.signal.aborted) {
      console.error('Interrupted: everything that the comparison started has ended; nothing was written.');
      return INTERRUPTED;
    }
    if (!(error instanceof OptionError)) throw error;
    console.error(`${error.message}\n${compareUsage}`);
    return 2;
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}
