/**
 * Runs the build's programs: their whole output goes to one log file, progress to a callback, and a failure becomes
 * one error with the first line that names a cause. Which programs and in what order is build.mjs's business.
 */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { forwardSignals } from '../cli/run.mjs';

/** What compilers, linkers, Meson, Ninja, apt and an out-of-memory kill say when they mean it. */
const causes =
  /(?:^|\s|:)(?:fatal )?error\s*:|undefined reference|cannot find -l|^E: |Killed|out of memory|not found/i;
/** Lines that look like one of these and are not: probes that answer "NO", options with such names. */
const noise = /Checking (?:for|if)|-Werror|: NO\b/;

/** Even a build on one slow core ends before this. */
const defaultLimitMs = 2 * 60 * 60_000;

/** A program of the build failed; the message is the first line that says why. */
export class BuildStepError extends Error {
  /**
   * @param {string} program
   * @param {string} firstError
   */
  constructor(program, firstError) {
    super(firstError);
    this.name = 'BuildStepError';
    this.program = program;
  }
}

export class BuildLog {
  #sink;

  /** @param {string} path */
  constructor(path) {
    this.path = path;
    this.#sink = createWriteStream(path);
    this.#sink.on('error', () => undefined); // a full disk costs the log; the build itself then fails loudly enough
  }

  /**
   * @param {string} path overwritten; its folder is made
   * @returns {Promise<BuildLog>}
   */
  static async create(path) {
    await mkdir(dirname(path), { recursive: true });
    return new BuildLog(path);
  }

  /** @param {string} line */
  note(line) {
    this.#sink.write(`${line}\n`);
  }

  /** Ends the log. Call it once, when nothing runs any more. */
  async close() {
    await new Promise((resolve) => this.#sink.end(() => resolve(undefined)));
  }

  /**
   * Runs a program at low priority, so that a build does not make the machine unusable.
   * @param {string} program
   * @param {string[]} args
   * @param {{cwd: string, env: NodeJS.ProcessEnv, onLine?: (line: string) => void,
   *   limitMs?: number}} options `limitMs`: for what waits on a network
   * @returns {Promise<void>}
   * @throws {BuildStepError}
   */
  async run(program, args, options) {
    this.note(`\n$ ${[program, ...args].join(' ')}`);
    /** @type {string | undefined} */
    let firstError;
    let lastLine = '';
    const child = spawn('nice', ['-n', '10', program, ...args], {
      cwd: options.cwd,
      env: { ...options.env, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.note(line);
        options.onLine?.(line);
        if (line.trim() !== '') lastLine = line.trim();
        if (firstError === undefined && causes.test(line) && !noise.test(line)) firstError = line.trim();
      });
    }
    const stopForwarding = forwardSignals(child);
    const limitMs = options.limitMs ?? defaultLimitMs;
    let late = false;
    const limit = setTimeout(() => {
      late = true;
      child.kill();
    }, limitMs);
    const code = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    }).finally(() => {
      clearTimeout(limit);
      stopForwarding();
    });
    if (late) throw new BuildStepError(program, `not done after ${limitMs / 1000} s`);
    if (code !== 0)
      throw new BuildStepError(program, shorten(firstError ?? (lastLine || `${program} failed`)));
  }
}

/**
 * @param {string} line
 * @returns {string} at most 300 characters: template errors of C++ fill screens
 */
function shorten(line) {
  return line.length > 300 ? `${line.slice(0, 300)} …` : line;
}
