/**
 * Owns one bot process as the tool sees it: its start, questions with typed answers, its end.
 * Does not own which bots it has (Fleet) nor what it answers (process/).
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  AnswerFrame,
  type CommandData,
  type CommandName,
  type CommandReply,
  commands,
} from '../process/messages.ts';

const program = fileURLToPath(new URL('../process/botProcess.ts', import.meta.url));
/** What a process that dies said last. */
const KEPT_CHARACTERS = 4000;

/** A bot process ended that should not have. */
export class BotProcessLost extends Error {
  override readonly name = 'BotProcessLost';
}

type Settle = (answer: AnswerFrame | BotProcessLost) => void;

/** A process of bots. */
export class BotProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Settle>();
  #nextId = 0;
  #said = '';
  #lost: BotProcessLost | undefined;

  /** @param flags of Node. */
  constructor(flags: readonly string[]) {
    this.#child = fork(program, [], { execArgv: [...flags], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString()).slice(-KEPT_CHARACTERS);
    });
    this.#child.on('message', (raw) => {
      const answer = AnswerFrame.parse(raw);
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    this.#child.on('error', (error) => this.#handleEnd(error.message));
    this.#child.on('close', (code, signal) => this.#handleEnd(`ended with ${signal ?? code}`));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** @throws BotProcessLost, or an Error when the command itself failed. */
  ask<N extends CommandName>(name: N, data: CommandData<N>): Promise<CommandReply<N>> {
    return new Promise((resolve, reject) => {
      if (this.#lost) throw this.#lost;
      this.#nextId += 1;
      const id = this.#nextId;
      this.#waiting.set(id, (answer) => {
        if (answer instanceof BotProcessLost) reject(answer);
        else if ('error' in answer) reject(new Error(answer.error));
        // Parsed by the schema of the same name.
        else resolve(commands[name].reply.parse(answer.ok) as CommandReply<N>);
      });
      this.#child.send({ id, name, data });
    });
  }

  /** Ends it at once. Idempotent. */
  end(): void {
    this.#lost ??= new BotProcessLost('The process was ended');
    this.#child.kill('SIGKILL');
  }

  #handleEnd(how: string): void {
    const said = this.#said.trim();
    this.#lost ??= new BotProcessLost(`A bot process ${how}${said && `:\n${said}`}`);
    for (const settle of this.#waiting.values()) settle(this.#lost);
    this.#waiting.clear();
  }
}
