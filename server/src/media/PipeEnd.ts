/**
 * Owns one end of a pipe between two workers: what is sent into it and what comes out, as mediasoup's PipeTransport.
 * Does not own the other end, which may be on another machine, nor what is piped when (PublicationRelay).
 */
import type { types } from 'mediasoup';
import { MEDIA_SOCKET_BUFFER_BYTES } from './listenInfos.ts';
import type { MediaWorker } from './MediaWorker.ts';

/** Where an end receives. */
export interface PipeAddress {
  readonly ip: string;
  readonly port: number;
}

export class PipeEnd {
  readonly worker: MediaWorker;
  readonly #transport: types.PipeTransport;

  private constructor(worker: MediaWorker, transport: types.PipeTransport) {
    this.worker = worker;
    this.#transport = transport;
  }

  /**
   * Opens an end on an address of this machine.
   * @throws CallError `unavailable` when the worker is gone or no port is free.
   */
  static async create(
    worker: MediaWorker,
    listen: { readonly ip: string; readonly portRange: { readonly min: number; readonly max: number } },
  ): Promise<PipeEnd> {
    const transport = await worker.call('createPipeTransport', () =>
      worker.router.createPipeTransport({
        listenInfo: {
          protocol: 'udp',
          ...listen,
          recvBufferSize: MEDIA_SOCKET_BUFFER_BYTES,
          sendBufferSize: MEDIA_SOCKET_BUFFER_BYTES,
        },
        enableSctp: false,
        // What is lost in the pipe is mended there, once, and not by everybody behind it.
        enableRtx: true,
      }),
    );
    return new PipeEnd(worker, transport);
  }

  /** mediasoup's id of it, as dumps of the worker show it. */
  get transportId(): string {
    return this.#transport.id;
  }

  get address(): PipeAddress {
    const { localAddress, localPort } = this.#transport.tuple;
    return { ip: localAddress, port: localPort };
  }

  /** Packets of anybody but the other end are dropped by the worker. */
  async connect({ ip, port }: PipeAddress): Promise<void> {
    await this.worker.call('connect a pipe', () => this.#transport.connect({ ip, port }));
  }

  /** Sends a producer of this worker into the pipe, all its encodings. */
  send(producerId: string): Promise<types.Consumer> {
    return this.worker.call(
      'consume into a pipe',
      () => this.#transport.consume({ producerId }),
      'not-found',
    );
  }

  /** Makes a producer of what the other end sends. */
  receive(options: {
    kind: types.MediaKind;
    rtpParameters: types.RtpParameters;
    paused: boolean;
  }): Promise<types.Producer> {
    // An id of its own: one piped again at once must not meet the one that is just being closed.
    return this.worker.call('produce from a pipe', () => this.#transport.produce(options));
  }

  /** Ends everything that goes through it. */
  close(): void {
    this.#transport.close();
  }
}
