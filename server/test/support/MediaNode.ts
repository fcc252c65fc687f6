/**
 * Owns a media node inside the test's process: a plane with a real worker, served over a real socket.
 * Does not own nodes that are processes of their own (serverProcess.ts).
 */
import { systemClock } from '../../src/clock.ts';
import type { NodeRecord } from '../../src/cluster/directory.ts';
import { MediaHost } from '../../src/cluster/media/MediaHost.ts';
import { RPC_VERSION } from '../../src/cluster/rpc/calls.ts';
import { RpcServer } from '../../src/cluster/rpc/RpcServer.ts';
import { createLogger } from '../../src/log.ts';
import { MediaPlane } from '../../src/media/MediaPlane.ts';
import { TcpProxy } from './TcpProxy.ts';
import { workerBin } from './workerBin.ts';

export const CLUSTER_SECRET = 'a secret of the cluster in the tests';

export class MediaNode {
  readonly record: NodeRecord;
  readonly plane: MediaPlane;
  /** The way to it, which a test may cut or freeze. */
  readonly way: TcpProxy;
  readonly #host: MediaHost;
  readonly #rpc: RpcServer;

  private constructor(record: NodeRecord, plane: MediaPlane, way: TcpProxy, host: MediaHost, rpc: RpcServer) {
    this.record = record;
    this.plane = plane;
    this.way = way;
    this.#host = host;
    this.#rpc = rpc;
  }

  static async start(nodeId: string, describe: Partial<NodeRecord> = {}): Promise<MediaNode> {
    const log = createLogger(process.env.PARLEY_TEST_LOG_LEVEL ?? 'silent').child({ node: nodeId });
    const clock = systemClock;
    const identity = { nodeId, incarnation: crypto.randomUUID() };
    const host: MediaHost = new MediaHost({
      media: () => plane,
      tell: (to, name, data) => rpc.notify(to, name, data),
      presenceOf: (id) => rpc.presenceOf(id),
      clock,
      log,
    });
    const plane = await MediaPlane.create({
      workerBin: await workerBin(),
      workers: 1,
      mediaPort: 0,
      announcedAddress: undefined,
      host: '127.0.0.1',
      log,
      events: host.events,
    });
    const rpc = await RpcServer.listen({
      identity,
      secret: CLUSTER_SECRET,
      version: RPC_VERSION,
      host: '127.0.0.1',
      port: 0,
      handlers: host.handlers,
      clock,
      log,
    });
    const way = await TcpProxy.open(() => rpc.port);
    const record = {
      ...identity,
      address: way.address,
      roles: ['media'],
      region: 'default',
      draining: false,
      load: 0,
      headRoom: 100,
      ...describe,
    };
    return new MediaNode(record, plane, way, host, rpc);
  }

  /** Ends it. Idempotent. */
  async close(): Promise<void> {
    this.#host.close();
    await this.way.close();
    await this.#rpc.close();
    await this.plane.close();
  }
}
