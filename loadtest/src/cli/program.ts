/**
 * Owns the command line: argv to a scenario with its values, or to a text to print. Commander does the words, zod the values.
 * Does not own the flags (commonFlags.ts, each scenario) nor what happens next (main.ts).
 */
import { Command, CommanderError, Option } from 'commander';
import * as z from 'zod';
import { figureTable, isPercentile } from '../report/figureTable.ts';
import { Report } from '../report/schema.ts';
import type { BoundScenario, Scenario } from '../scenarios/Scenario.ts';
import { commonFlags, rampFlag } from './commonFlags.ts';
import { type Chosen, type Flags, parseFlags } from './flags.ts';
import { UsageError } from './UsageError.ts';

/** What was asked for. */
export interface Invocation {
  readonly scenario: Scenario;
  readonly bound: BoundScenario;
  readonly common: Chosen<typeof commonFlags>;
  /** The count that is to grow. */
  readonly ramp: string | undefined;
}

const PROGRAM = 'npm run loadtest --';

/** @throws UsageError in one line. */
export function parseCommandLine(
  argv: readonly string[],
  scenarios: readonly Scenario[],
): Invocation | { readonly text: string } {
  const printed: string[] = [];
  let invocation: Invocation | undefined;
  const quiet = { writeOut: (text: string) => printed.push(text), writeErr: () => {} };
  const program = new Command(PROGRAM)
    .description(
      'Drives real WebRTC peers and sockets against a Parley, and tells what people would experience.',
    )
    .usage('<scenario> [options]')
    .exitOverride()
    .configureOutput(quiet)
    .helpCommand(false)
    .addHelpText('after', `\nEach scenario has its own help: ${PROGRAM} media --help`);
  for (const scenario of scenarios) {
    const flags: Flags = scenario.ramp.length > 0 ? { ramp: rampFlag(scenario.ramp) } : {};
    const command = program.command(scenario.name).summary(scenario.summary).description(scenario.summary);
    command.exitOverride().configureOutput(quiet).addHelpText('after', helpAfter(scenario));
    addFlags(command, 'Load', scenario.flags);
    addFlags(command, 'Common', { ...commonFlags, ...flags });
    command.action((texts: Record<string, unknown>) => {
      invocation = interpret(scenario, flags, texts);
    });
  }
  program
    .command('schema')
    .summary('print the JSON schema of the report')
    .action(() => {
      printed.push(`${JSON.stringify(z.toJSONSchema(Report), undefined, 2)}\n`);
    });
  try {
    program.parse([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.helpDisplayed') return { text: printed.join('') };
    if (error.code === 'commander.help') {
      throw new UsageError(
        `Name a scenario: ${scenarios.map(({ name }) => name).join(', ')}. See ${PROGRAM} --help`,
      );
    }
    throw new UsageError(oneLine(error.message, scenarios));
  }
  return invocation ?? { text: printed.join('') };
}

function interpret(scenario: Scenario, flags: Flags, texts: Record<string, unknown>): Invocation {
  try {
    const { ramp } = parseFlags(flags, texts);
    return {
      scenario,
      bound: scenario.bind(texts),
      common: parseFlags(commonFlags, texts),
      ramp: typeof ramp === 'string' ? ramp : undefined,
    };
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    const issue = error.issues[0];
    const name = String(issue?.path[0]);
    throw new UsageError(`--${kebab(name)}: ${issue?.message}. See ${PROGRAM} ${scenario.name} --help`);
  }
}

function addFlags(command: Command, group: string, flags: Flags): void {
  for (const { flags: typed, text, fallback } of Object.values(flags)) {
    const shown = fallback === undefined ? text : `${text} (default ${fallback})`;
    const option = new Option(typed, shown).helpGroup(`${group}:`);
    if (!option.isBoolean()) option.argParser((value, before: string[] = []) => [...before, value]);
    command.addOption(option);
  }
}

function helpAfter({ examples, figures }: Scenario): string {
  // Five figures of each time would bury the others: one line stands for them.
  const shown = figures.filter((name) => !/(P50|P99|P999|Max)Ms$/.test(name) || !isPercentile(name));
  const width = Math.max(...shown.map((name) => name.length));
  return [
    '',
    'Figures (for --assert, and in the report):',
    ...shown.map((name) => `  ${name.padEnd(width)}  ${figureTable[name]}`),
    ...(shown.some(isPercentile) ? ['  Instead of P95: P50, P99, P999, Max.'] : []),
    '',
    'Examples:',
    ...examples.map((example) => `  ${PROGRAM} ${example}`),
  ].join('\n');
}

/** Commander's messages: "error: unknown option '--rooom'\n(Did you mean --rooms?)". */
function oneLine(message: string, scenarios: readonly Scenario[]): string {
  const text = message.replace(/^error: /, '').replaceAll('\n', ' ');
  const sentence = text.charAt(0).toUpperCase() + text.slice(1);
  const known = /unknown command/.test(text)
    ? ` Scenarios: ${scenarios.map(({ name }) => name).join(', ')}.`
    : ` See ${PROGRAM} --help`;
  return `${sentence.replace(/\.?$/, '.')}${known}`;
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
