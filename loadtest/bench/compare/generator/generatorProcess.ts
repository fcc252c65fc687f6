/**
 * Runs the generator: peers on the other core, told by the bench what to do. Started by Generator.ts; ends with its channel.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { prepareMedia } from '../../../src/bot/index.ts';
import { SelfWatch } from '../../../src/process/SelfWatch.ts';
import type { Dialect } from '../contenders/Contender.ts';
import { connectToJanus } from './janusPeer.ts';
import { LoadRun, type LoadTarget } from './LoadRun.ts';
import { connectToMediasoup } from './mediasoupPeer.ts';
import { type CommandData, CommandFrame, type CommandName, type CommandReply, commands } from './messages.ts';
import type { Connect } from './Peer.ts';
import { connectToParley } from './parleyPeer.ts';
import { readSrtpProfile } from './srtpProfile.ts';

const START_LIMIT_MS = 20_000;
/** More than any case has rooms. */
const ROOMS_PER_RUN = 100;

const connects: Record<Dialect, Connect> = {
  parley: connectToParley,
  mediasoup: connectToMediasoup,
  janus: connectToJanus,
};

type Handlers = { [N in CommandName]: (data: CommandData<N>) => Promise<CommandReply<N>> };

/** What the generator was told, and what it does. */
class GeneratorHost {
  readonly handlers: Handlers;
  readonly #watch = new SelfWatch();
  #target: (LoadTarget & { readonly dialect: Dialect }) | undefined;
  #run: LoadRun | undefined;
  #runs = 0;

  constructor() {
    this.handlers = {
      setUp: async ({ dialect, url, localAddress }) => {
        this.#target = {
          dialect,
          url,
          localAddress,
          connect: connects[dialect],
          media: await prepareMedia(),
        };
        await untilListening(dialect, url);
        return {};
      },
      srtpProfile: async () => ({ profile: await readSrtpProfile(this.#here()) }),
      open: async (load) => {
        this.#runs += 1;
        const run = new LoadRun(this.#here(), this.#runs * ROOMS_PER_RUN);
        this.#run = run;
        await run.open(load);
        return {};
      },
      sample: async () => {
        const { cpuPercent, loopPercent, lagMs } = this.#watch.take();
        return { ...this.#opened().sample(), self: { cpuPercent, loopPercent, lagMs } };
      },
      joinOnce: async () => ({ firstFrameMs: await this.#opened().joinOnce() }),
      close: async () => {
        await this.#run?.close();
        this.#run = undefined;
        return {};
      },
    };
  }

  #here(): LoadTarget & { readonly dialect: Dialect } {
    if (!this.#target) throw new Error('not set up');
    return this.#target;
  }

  #opened(): LoadRun {
    if (!this.#run) throw new Error('no load is open');
    return this.#run;
  }
}

/** A server in another namespace is seen from here only. */
async function untilListening(dialect: Dialect, url: string): Promise<void> {
  const deadline = performance.now() + START_LIMIT_MS;
  const address = dialect === 'parley' ? `${url.replace(/^http/, 'ws')}/ws` : url;
  while (!(await takesConnections(address, dialect === 'janus' ? 'janus-protocol' : undefined))) {
    if (performance.now() > deadline) throw new Error(`${dialect} does not listen on ${url}`);
    await delay(100);
  }
}

function takesConnections(address: string, protocol: string | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = new WebSocket(address, protocol);
    socket.once('open', () => {
      socket.close();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

const generator = new GeneratorHost();

async function answer<N extends CommandName>(name: N, data: unknown): Promise<unknown> {
  const handler: Handlers[N] = generator.handlers[name];
  const schema: { parse(input: unknown): unknown } = commands[name].data;
  // By the schema of the same name.
  return await handler(schema.parse(data) as CommandData<N>);
}

process.on('message', (raw) => {
  const { id, name, data } = CommandFrame.parse(raw);
  answer(name, data).then(
    (ok) => process.send?.({ id, ok }),
    (error: unknown) =>
      process.send?.({ id, error: error instanceof Error ? (error.stack ?? '') : String(error) }),
  );
});
// The bench is gone, whatever the reason.
process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole group; the bench decides what follows.
process.on('SIGINT', () => {});
