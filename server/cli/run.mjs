/**
 * Child processes: run one visibly, run one into a log, or take over this process.
 * Which Node they get is decided here: npm its own, everything else the Node that runs this file.
 */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { constants } from 'node:os';
import { basename, delimiter, dirname } from 'node:path';
import { logFile, repositoryRoot } from './paths.mjs';
import { SetupError } from './setupError.mjs';

const tailCharacters = 1024 * 1024;

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd] default: the repository
 * @property {NodeJS.ProcessEnv} [env] default: this process's
 */

/**
 * @typedef {object} RunResult
 * @property {number} code exit code; 128 + n for a signal, 127 when the program could not be started
 * @property {string} output stdout and stderr as they came, the last million characters
 */

/**
 * The environment for everything but npm: `node` on the PATH is the Node that runs now, not an older system one.
 * @returns {NodeJS.ProcessEnv}
 */
export function nodeEnvironment() {
  return { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}` };
}

/**
 * How to call npm: the copy that started us, with the Node that it runs on, else the one on the PATH. node24.mjs names
 * its own pair in the same variables.
 * @returns {{file: string, args: string[]}}
 */
export function npmCommand() {
  const { npm_execpath: npmCli, npm_node_execpath: npmNode } = process.env;
  if (npmCli && npmNode && basename(npmCli) === 'npm-cli.js') return { file: npmNode, args: [npmCli] };
  return { file: 'npm', args: [] };
}

/**
 * Runs a program on this terminal.
 * @param {string} file
 * @param {string[]} args
 * @param {RunOptions & {timeLimitMs?: number}} [options] past the limit it is killed, whatever it does; default: none
 * @returns {Promise<number>} exit code, as in {@link RunResult}
 */
export async function runVisibly(file, args, options = {}) {
  const limit = { timeout: options.timeLimitMs, killSignal: /** @type {const} */ ('SIGKILL') };
  return completion(spawn(file, args, { ...placeOf(options), ...limit, stdio: 'inherit' }));
}

/**
 * Runs a program without a terminal and keeps what it says.
 * @param {string} file
 * @param {string[]} args
 * @param {RunOptions & {onOutput?: (chunk: Buffer) => void}} [options]
 * @returns {Promise<RunResult>}
 */
export async function capture(file, args, options = {}) {
  const child = spawn(file, args, { ...placeOf(options), stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (/** @type {Buffer} */ chunk) => {
      output = (output + chunk.toString('utf8')).slice(-tailCharacters);
      options.onOutput?.(chunk);
    });
  }
  return { code: await completion(child), output };
}

/**
 * Like {@link capture}, and the whole output goes to a log file as well.
 * @param {string} logName names the log file
 * @param {string} file
 * @param {string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<RunResult & {log: string}>}
 */
export async function runLogged(logName, file, args, options = {}) {
  const log = logFile(logName);
  await mkdir(dirname(log), { recursive: true });
  const sink = createWriteStream(log);
  sink.on('error', () => undefined); // a full disk costs the log, not the step
  sink.write(`$ ${[file, ...args].join(' ')}\n`);
  const result = await capture(file, args, { ...options, onOutput: (chunk) => sink.write(chunk) });
  await new Promise((resolve) => sink.end(() => resolve(undefined)));
  return { ...result, log };
}

/**
 * The last lines of a program's output that hold any text, indented for an error message.
 * @param {string} output
 * @param {number} [lines]
 * @returns {string}
 */
export function lastLines(output, lines = 8) {
  return output
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-lines)
    .map((line) => `    ${line}`)
    .join('\n');
}

/**
 * Ends this process by becoming another program: its signals, exit code and process id are then this process's own.
 * @param {string} file absolute path
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {never}
 */
export function become(file, args, env) {
  // `execve` exists since Node 23.11; callers run on Node 24, which node24.mjs sees to.
  process.execve?.(file, [file, ...args], env);
  throw new SetupError(
    `${basename(file)} could not be started`,
    `Check that ${file} exists and is executable.`,
  );
}

/**
 * Passes SIGTERM and SIGHUP on, and SIGINT when no terminal does: Ctrl-C reaches the whole foreground group already,
 * and a second SIGINT would turn a graceful stop into a hasty one.
 * @param {import('node:child_process').ChildProcess} child
 * @returns {() => NodeJS.Signals | undefined} removes the listeners, and tells the signal that came meanwhile
 */
export function forwardSignals(child) {
  /** @type {NodeJS.Signals[]} */
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  /** @type {NodeJS.Signals | undefined} */
  let received;
  /** @param {NodeJS.Signals} signal */
  const forward = (signal) => {
    received = signal;
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  };
  for (const signal of signals) process.on(signal, forward);
  return () => {
    for (const signal of signals) process.off(signal, forward);
    return received;
  };
}

/**
 * @param {RunOptions} options
 * @returns {{cwd: string, env: NodeJS.ProcessEnv}}
 */
function placeOf({ cwd = repositoryRoot, env = process.env }) {
  return { cwd, env };
}

/**
 * Waits for a program to end, with signals passed on to it.
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<number>} its exit code
 * @throws {Interrupted} when we were told to stop: what would come next is not wanted any more
 */
async function completion(child) {
  const stopForwarding = forwardSignals(child);
  const code = await new Promise((resolve) => {
    child.once('error', () => resolve(127));
    child.once('close', (exitCode, signal) => resolve(exitCode ?? (signal ? exitCodeOf(signal) : 1)));
  });
  const received = stopForwarding();
  if (received) throw new Interrupted(received);
  return code;
}

/** We were told to stop while a program ran. */
export class Interrupted extends SetupError {
  /** @param {NodeJS.Signals} signal */
  constructor(signal) {
    super(`Stopped by ${signal}.`);
    this.exitCode = exitCodeOf(signal);
  }
}

/**
 * @param {NodeJS.Signals} signal
 * @returns {number} as a shell tells it
 */
function exitCodeOf(signal) {
  return 128 + constants.signals[signal];
}
