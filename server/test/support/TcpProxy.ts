/**
 * Owns a way between two TCP programs that a test can cut, freeze or listen to.
 * Does not own what is spoken.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export class TcpProxy {
  /** What the dialing side sent, one entry per connection. */
  readonly recorded: Buffer[][] = [];
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #frozen = false;
  #answersLost = false;
  #blocked = false;
  #cutsAtAnswer = false;

  private constructor(target: () => number) {
    this.#server = createServer((near) => {
      if (this.#blocked) {
        near.destroy();
        return;
      }
      const far = connect(target(), '127.0.0.1');
      const pair = [near, far] as const;
      const sent: Buffer[] = [];
      this.recorded.push(sent);
      this.#pairs.add(pair);
      const end = () => {
        // A machine that stands still closes nothing.
        if (this.#frozen) return;
        this.#pairs.delete(pair);
        near.destroy();
        far.destroy();
      };
      for (const socket of pair) socket.on('error', end).on('close', end);
      near.on('data', (chunk: Buffer) => {
        sent.push(chunk);
        if (!this.#frozen) far.write(chunk);
      });
      far.on('data', (chunk: Buffer) => {
        if (this.#cutsAtAnswer) {
          this.#cutsAtAnswer = false;
          end();
        } else if (!this.#frozen && !this.#answersLost) near.write(chunk);
      });
    });
  }

  /** A way to a port of the loopback address, which is asked for at each connection. */
  static async open(target: () => number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Connections stay, and nothing comes through any more, as with a machine that stands still. */
  freeze(): void {
    this.#frozen = true;
  }

  /** What the far side sends is lost until {@link cut}. */
  loseAnswers(): void {
    this.#answersLost = true;
  }

  /** The next answer, on whichever connection, is lost and its connection ends; then all is as before. */
  cutAtNextAnswer(): void {
    this.#cutsAtAnswer = true;
  }

  /** Ends all connections; new ones end at once, until {@link unblock}. */
  block(): void {
    this.#blocked = true;
    this.cut();
  }

  unblock(): void {
    this.#blocked = false;
  }

  /** Puts bytes between those of the dialing side, on every connection. */
  inject(bytes: Buffer): void {
    for (const [, far] of this.#pairs) far.write(bytes);
  }

  /** Ends all connections; new ones work. */
  cut(): void {
    this.#frozen = false;
    this.#answersLost = false;
    for (const [near, far] of [...this.#pairs]) {
      near.destroy();
      far.destroy();
    }
  }

  async close(): Promise<void> {
    this.#server.close();
    this.cut();
    if (this.#server.listening) await once(this.#server, 'close');
  }
}
