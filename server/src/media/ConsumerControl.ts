/**
 * Owns what one consumer is told: the client's will and the server's together, by as few calls to the worker as bring it about.
 * Does not own what is wanted (the client, RoomAudio, RoomVideo).
 */
import type { types } from 'mediasoup';

/** What the server wants of a consumer. */
export interface Steering {
  readonly flows: boolean;
  readonly layers?: types.ConsumerLayers;
  /** 1-255: who gets bandwidth first. */
  readonly priority?: number;
}

/** The part of a consumer that is steered. */
export type SteeredConsumer = Pick<
  types.Consumer,
  'closed' | 'kind' | 'pause' | 'resume' | 'setPreferredLayers' | 'setPriority'
>;

/** Steers one consumer, which was made paused. */
export class ConsumerControl {
  readonly #consumer: SteeredConsumer;
  readonly #call: (what: string, request: () => Promise<void>) => Promise<void>;
  #clientPaused: boolean | undefined;
  #wanted: Steering = { flows: true };
  #flows = false;
  #layers = '';
  #priority = 1;
  /** One call at a time: two that cross could take effect the wrong way round. */
  #running = false;
  #lastRun: Promise<void> = Promise.resolve();

  /** @param call runs a request to the worker, with its time limit. */
  constructor(
    consumer: SteeredConsumer,
    call: (what: string, request: () => Promise<void>) => Promise<void>,
  ) {
    this.#consumer = consumer;
    this.#call = call;
  }

  /** The client said that it does not want it now. */
  get refused(): boolean {
    return this.#clientPaused === true;
  }

  /** What the client wants. Resolves when that, with what the server wants, has been brought about. */
  setClientPaused(paused: boolean): Promise<void> {
    this.#clientPaused = paused;
    return this.#pump();
  }

  /** What the server wants. Never fails: a consumer that is gone needs no steering. */
  steer(wanted: Steering): void {
    this.#wanted = wanted;
    this.#pump().catch(() => {});
  }

  #pump(): Promise<void> {
    // One that runs looks again after each step.
    if (!this.#running) this.#lastRun = this.#run();
    return this.#lastRun;
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      for (let step = this.#nextStep(); step; step = this.#nextStep()) await step();
    } finally {
      this.#running = false;
    }
  }

  /** Pausing first, resuming last: what is resumed begins as it is to be. */
  #nextStep(): (() => Promise<void>) | undefined {
    const consumer = this.#consumer;
    if (consumer.closed) return undefined;
    // Sound has no key frame that would be lost while the client gets ready: it need not ask for it.
    const clientWants = this.#clientPaused === undefined ? consumer.kind === 'audio' : !this.#clientPaused;
    const flows = clientWants && this.#wanted.flows;
    if (!flows) return this.#flows ? () => this.#setFlows(false) : undefined;
    const { layers, priority = this.#priority } = this.#wanted;
    if (layers && JSON.stringify(layers) !== this.#layers) return () => this.#setLayers(layers);
    if (priority !== this.#priority) return () => this.#setPriority(priority);
    return this.#flows ? undefined : () => this.#setFlows(true);
  }

  async #setFlows(flows: boolean): Promise<void> {
    await this.#call(flows ? 'resume' : 'pause', () =>
      flows ? this.#consumer.resume() : this.#consumer.pause(),
    );
    this.#flows = flows;
  }

  async #setLayers(layers: types.ConsumerLayers): Promise<void> {
    await this.#call('setPreferredLayers', () => this.#consumer.setPreferredLayers(layers));
    this.#layers = JSON.stringify(layers);
  }

  async #setPriority(priority: number): Promise<void> {
    await this.#call('setPriority', () => this.#consumer.setPriority(priority));
    this.#priority = priority;
  }
}
