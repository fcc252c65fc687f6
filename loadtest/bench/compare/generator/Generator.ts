/**
 * Owns the generator's process as the bench sees it: pinned to its core, asked by typed commands, ended.
 * Does not own what it does (generatorProcess.ts).
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Dialect, RunningServer } from '../contenders/Contender.ts';
import type { Machine } from '../network/machines.ts';
import { AnswerFrame, type CommandData, type CommandName, type CommandReply, commands } from './messages.ts';

const script = fileURLToPath(new URL('generatorProcess.ts', import.meta.url));
/** The slowest is opening a load of hundreds. */
const ANSWER_LIMIT_MS = 90_000;

export class Generator {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (ok: unknown) => void; reject: (error: Error) => void }>();
  #nextId = 0;

  /** Starts it and waits until the server takes its connections. */
  static async start(machine: Machine, server: RunningServer, dialect: Dialect): Promise<Generator> {
    const generator = new Generator(machine);
    try {
      await generator.ask('setUp', { dialect, url: server.url, localAddress: machine.address });
      return generator;
    } catch (error) {
      await generator.end();
      throw error;
    }
  }

  private constructor(machine: Machine) {
    this.#child = machine.spawn(process.execPath, [script], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.on('message', (raw) => {
      const frame = AnswerFrame.parse(raw);
      const waiting = this.#waiting.get(frame.id);
      this.#waiting.delete(frame.id);
      if ('error' in frame) waiting?.reject(new Error(frame.error));
      else waiting?.resolve(frame.ok);
    });
    this.#child.once('exit', (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`the generator ended with ${code}`));
    });
  }

  async ask<N extends CommandName>(name: N, data: CommandData<N>): Promise<CommandReply<N>> {
    this.#nextId += 1;
    const id = this.#nextId;
    const ok = await new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`the generator did not answer ${name}`)),
        ANSWER_LIMIT_MS,
      );
      const settle =
        <T>(how: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          how(value);
        };
      this.#waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
      // It may be gone, or on its way.
      this.#child.send({ id, name, data }, (error) => error && this.#waiting.get(id)?.reject(error));
    });
    // By the schema of the same name.
    return commands[name].reply.parse(ok) as CommandReply<N>;
  }

  /** Idempotent. */
  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}
