/**
 * Owns a server and people's browsers on two machines of network namespaces, and how wide the cable between them is. Needs root, and fails
 * without. Does not own what is expected of a call over it.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createLanMachines,
  type LanMachine,
  type LanMachines,
} from '../../../../server/test/support/lanMachines.ts';
import { workerBin } from '../../../../server/test/support/workerBin.ts';
import { chromiumPath } from './chromium.ts';
import type { Look } from './fakeMedia.ts';
import { Person } from './Person.ts';

const serverFile = new URL('../../../../server/src/main.ts', import.meta.url).pathname;

/** The server runs on the machine `host`; `guest` is at the other end of the cable. */
export class LanCall {
  readonly url: string;
  readonly #lan: LanMachines;
  readonly #folder: string;
  readonly #server: ChildProcess;
  readonly #people: Person[] = [];

  private constructor(lan: LanMachines, folder: string, server: ChildProcess) {
    this.url = `http://${lan.host.ipv4}:3000`;
    this.#lan = lan;
    this.#folder = folder;
    this.#server = server;
  }

  static async start(): Promise<LanCall> {
    const lan = await createLanMachines();
    const folder = await mkdtemp(join(tmpdir(), 'parley-lan-call-'));
    const server = lan.host.spawn(process.execPath, [serverFile], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        HOST: lan.host.ipv4,
        PORT: '3000',
        PARLEY_DATA_DIR: folder,
        PARLEY_MEDIA_WORKERS: '1',
        PARLEY_LOG_LEVEL: 'silent',
        MEDIASOUP_WORKER_BIN: await workerBin(),
      },
    });
    if (server.stdout) await once(server.stdout, 'data');
    return new LanCall(lan, folder, server);
  }

  /** A person whose Chromium runs on a machine. Plain HTTP counts as secure for it, because cameras need that. */
  async person(where: 'host' | 'guest', name: string, look: Look): Promise<Person> {
    const executablePath = join(this.#folder, `${name}.sh`);
    const script = `#!/bin/sh\nexec ${this.#lan[where].prefix.join(' ')} ${chromiumPath} "$@"\n`;
    await writeFile(executablePath, script, { mode: 0o755 });
    const args = [`--unsafely-treat-insecure-origin-as-secure=${this.url}`];
    const person = await Person.start(name, look, { executablePath, args, fakeCamera: true });
    this.#people.push(person);
    return person;
  }

  /** What a machine may send over the cable from now on; undefined: all it likes. */
  async limit(where: 'host' | 'guest', rate: string | undefined): Promise<void> {
    const machine: LanMachine = this.#lan[where];
    if (rate === undefined) await machine.run('tc', ['qdisc', 'del', 'dev', 'lan0', 'root']);
    else {
      const bucket = ['rate', rate, 'burst', '8kb', 'latency', '400ms'];
      await machine.run('tc', ['qdisc', 'replace', 'dev', 'lan0', 'root', 'tbf', ...bucket]);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#people.map((person) => person.stop()));
    if (this.#server.exitCode === null) {
      const exited = once(this.#server, 'exit');
      this.#server.kill('SIGTERM');
      await exited;
    }
    await this.#lan.remove();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
