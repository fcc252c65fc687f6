/**
 * Owns the composition of the load tool: argv -> scenario -> run -> report -> exit code.
 * 0 all is well; 1 an assertion failed or nothing could be measured; 2 the command cannot be run as it is; 130 Ctrl-C.
 */
import { open, writeFile } from 'node:fs/promises';
import { type Invocation, parseCommandLine } from './cli/program.ts';
import { UsageError } from './cli/UsageError.ts';
import { htmlPage } from './report/html.ts';
import { Progress } from './report/Progress.ts';
import { passed, summarise } from './report/summary.ts';
import { conduct } from './run/conduct.ts';
import { scenarios } from './scenarios/index.ts';

const INTERRUPTED = 130;

async function main(command: readonly string[]): Promise<number> {
  const invocation = parseCommandLine(command, scenarios);
  if ('text' in invocation) {
    process.stdout.write(invocation.text);
    return 0;
  }
  await checkOutputs(invocation);
  const progress = new Progress(process.stderr);
  const interrupt = onInterrupt(progress);
  const { report, broken } = await conduct(invocation, {
    command,
    interrupt,
    say: (line) => progress.say(line),
    onPoint: (point) => progress.show(point),
  });
  progress.end();
  process.stdout.write(summarise(report));
  const { json, html } = invocation.common;
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`);
  if (html !== undefined) await writeFile(html, htmlPage(report));
  for (const { expression, actual } of report.assertions.filter((one) => !one.passed)) {
    process.stderr.write(`Assertion failed: ${expression} (${actual ?? 'not measured'})\n`);
  }
  if (broken || !passed(report)) return 1;
  return report.interrupted ? INTERRUPTED : 0;
}

/** A run of hours must not end with a report that cannot be written. @throws UsageError */
async function checkOutputs({ common: { json, html } }: Invocation): Promise<void> {
  for (const [flag, file] of Object.entries({ '--json': json, '--html': html })) {
    if (file === undefined) continue;
    const handle = await open(file, 'a').catch((error: NodeJS.ErrnoException) => {
      throw new UsageError(
        `${flag}: ${file} cannot be written (${error.code}). Name a file in a folder that exists.`,
      );
    });
    await handle.close();
  }
}

/** The first Ctrl-C ends the run and reports; the second one ends the tool (bot processes end when it is gone). */
function onInterrupt(progress: Progress): AbortSignal {
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (interrupt.signal.aborted) process.exit(INTERRUPTED);
      progress.say('Ending the run; once more to end at once.');
      interrupt.abort();
    });
  }
  return interrupt.signal;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
