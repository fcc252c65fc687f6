/**
 * The commands, their options and their help. Knows nothing of what a command does.
 * An unknown option is refused with the list: a mistyped `--lan` must not start a server on loopback only.
 */
import { SetupError } from './setupError.mjs';

/**
 * @typedef {object} CommandDescription
 * @property {string} summary
 * @property {string} usage how it is typed
 * @property {Record<string, string>} options each option and what it does
 * @property {boolean} [passesArguments] further arguments are the program's own
 */

const yes = { '--yes': 'install missing system packages without asking' };
const help = { '--help': 'show this' };

/** @type {Record<string, CommandDescription>} */
export const commands = {
  start: {
    summary: 'set everything up and run the platform',
    usage: 'npm start -- [options]',
    options: { '--lan': 'serve the local network over HTTPS and print its addresses', ...yes, ...help },
  },
  test: {
    summary: 'set everything up and run every test',
    usage: 'npm test -- [options]',
    options: { ...yes, ...help },
  },
  check: {
    summary: 'format, lint, import rules, types, dead code and unit tests',
    usage: 'npm run check -- [options]',
    options: { ...help },
  },
  dev: {
    summary: 'run the platform and reload on change',
    usage: 'npm run dev -- [options]',
    options: { ...yes, ...help },
  },
  bench: {
    summary:
      'measure the figures of the README (size, join, sixteen, signaling) and compare with other servers (compare; "compare help" tells its options)',
    usage: 'npm run bench -- [options] [figure]',
    options: { ...yes, ...help },
    passesArguments: true,
  },
  loadtest: {
    summary: 'put load on any Parley and tell what people would experience',
    usage: 'npm run loadtest -- <scenario> [options]',
    // Its help is its own, and differs by scenario.
    options: {},
    passesArguments: true,
  },
};

/**
 * @typedef {object} ParsedArguments
 * @property {string} command one of {@link commands}
 * @property {Set<string>} options
 * @property {string[]} rest arguments for the program behind the command
 */

/**
 * @param {string[]} args what follows `parley.mjs`
 * @param {NodeJS.ProcessEnv} [environment] npm's words to its scripts
 * @returns {ParsedArguments | {help: string}} help: a text to print instead of running anything
 * @throws {SetupError} for an unknown command or option
 */
export function parseArguments(args, environment = process.env) {
  const [command, ...given] = args;
  if (command === undefined || command === '--help' || command === 'help') return { help: overview() };
  const description = Object.hasOwn(commands, command) ? commands[command] : undefined;
  if (!description) {
    throw new SetupError(
      `There is no command "${command}".`,
      `Commands: ${Object.keys(commands).join(', ')}.`,
    );
  }
  const options = new Set();
  const rest = [];
  for (const argument of given) {
    if (Object.hasOwn(description.options, argument)) options.add(argument);
    else if (description.passesArguments) rest.push(argument);
    else {
      throw new SetupError(
        `"${command}" does not know the option "${argument}".`,
        `Options: ${Object.keys(description.options).join(', ')}.`,
      );
    }
  }
  if (command === 'start' && !options.has('--lan') && isLanTakenByNpm(environment)) {
    throw new SetupError(
      'npm took "--lan" for an option of its own.',
      'Put two dashes before it: npm start -- --lan',
    );
  }
  if (options.has('--help')) return { help: helpFor(description) };
  return { command, options, rest };
}

/**
 * Whether somebody typed `npm start --lan`. npm 11 reads that as its own -l, -a and -n, and says nothing.
 * @param {NodeJS.ProcessEnv} environment
 * @returns {boolean}
 */
function isLanTakenByNpm({ npm_config_lan: lan, npm_config_long: long, npm_config_all: all }) {
  return lan === 'true' || (long === 'true' && all === 'true');
}

/** @returns {string} */
function overview() {
  const lines = Object.values(commands).map(
    ({ usage, summary }) => `  ${usage.replace(/ -- .*/, '').padEnd(17)} ${summary}`,
  );
  return [
    'Parley: self-hosted calls and chat.',
    '',
    ...lines,
    '',
    'Each takes --help: npm start -- --help',
  ].join('\n');
}

/**
 * @param {CommandDescription} description
 * @returns {string}
 */
function helpFor(description) {
  const options = Object.entries(description.options).map(([name, text]) => `  ${name.padEnd(8)} ${text}`);
  return [`${description.usage}: ${description.summary}`, '', ...options].join('\n');
}
