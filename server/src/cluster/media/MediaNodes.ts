/**
 * Owns the ways from this node to the media nodes that it uses: a link to each, or straight into the media plane of this process.
 * Does not own which node a seat is on (ClusterMedia) nor the links' upkeep (NodeLink).
 */
import { CallError } from '@parley/protocol';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import type { NodeRecord } from '../directory.ts';
import type {
  CallData,
  CallHandlers,
  CallReply,
  MediaCallName,
  NoticeData,
  NoticeHandlers,
  NoticeName,
} from '../rpc/calls.ts';
import type { DialOptions } from '../rpc/dialNode.ts';
import { NodeLink } from '../rpc/NodeLink.ts';

/** The media plane of this process, as other nodes use it. */
export interface LocalMedia {
  readonly nodeId: string;
  readonly handlers: CallHandlers<MediaCallName>;
}

/** What the ways need. */
export interface MediaNodesOptions {
  readonly dial: DialOptions;
  /** Nodes that are listed now. */
  readonly nodes: () => readonly NodeRecord[];
  readonly local: LocalMedia | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What comes from the nodes. */
export interface MediaNodesEvents {
  readonly noticesFrom: (nodeId: string) => NoticeHandlers;
  /** The connection broke and stands again: notices may be missing. */
  readonly onReturned: (nodeId: string) => void;
  /** All that was there is gone. */
  readonly onLost: (nodeId: string) => void;
  /** Whether a link has to be kept. */
  readonly isUsed: (nodeId: string) => boolean;
}

interface Way {
  readonly link: NodeLink;
  usedAtMs: number;
}

const TIDY_MS = 15_000;
/** As long as a dead node may stay listed. */
const AVOID_MS = 5_000;
/** A link that no seat needs is closed after this. */
const IDLE_MS = 60_000;

export class MediaNodes {
  readonly #options: MediaNodesOptions;
  readonly #events: MediaNodesEvents;
  readonly #ways = new Map<string, Way>();
  /** Lost nodes, and until when they are not tried again. */
  readonly #avoided = new Map<string, number>();
  readonly #localNotices: NoticeHandlers | undefined;
  #cancelTidy: () => void;

  constructor(options: MediaNodesOptions, events: MediaNodesEvents) {
    this.#options = options;
    this.#events = events;
    this.#localNotices = options.local && events.noticesFrom(options.local.nodeId);
    this.#cancelTidy = options.clock.setTimeout(() => this.#tidy(), TIDY_MS);
  }

  /**
   * Asks a media node. @throws CallError as the node; `unavailable` when it is gone.
   */
  async call<N extends MediaCallName>(nodeId: string, name: N, data: CallData<N>): Promise<CallReply<N>> {
    const { local, clock } = this.#options;
    if (nodeId === local?.nodeId) {
      const handler: CallHandlers<MediaCallName>[N] = local.handlers[name];
      return await handler(data, { nodeId });
    }
    const way = this.#ways.get(nodeId) ?? this.#open(nodeId);
    way.usedAtMs = clock.monotonicMs();
    return await way.link.call(name, data);
  }

  /** Nodes that were lost a moment ago, though they may still be listed. */
  lostOfLate(): Set<string> {
    const nowMs = this.#options.clock.monotonicMs();
    for (const [nodeId, untilMs] of this.#avoided) if (untilMs <= nowMs) this.#avoided.delete(nodeId);
    return new Set(this.#avoided.keys());
  }

  /** Whether there is a way, or may be one. */
  mayReach(nodeId: string): boolean {
    return (
      nodeId === this.#options.local?.nodeId || this.#ways.has(nodeId) || this.#recordOf(nodeId) !== undefined
    );
  }

  /** What the media plane of this process tells this node. */
  tellLocally<N extends NoticeName>(name: N, data: NoticeData<N>): void {
    const handler: NoticeHandlers[N] | undefined = this.#localNotices?.[name];
    handler?.(data);
  }

  close(): void {
    this.#cancelTidy();
    for (const { link } of this.#ways.values()) link.close();
    this.#ways.clear();
  }

  #open(nodeId: string): Way {
    const record = this.#recordOf(nodeId);
    if (!record) throw new CallError('unavailable', `the media node ${nodeId} is not there`);
    const { dial, clock, log } = this.#options;
    let connectedBefore = false;
    const link = new NodeLink({
      ...dial,
      target: record,
      log,
      onNotice: this.#events.noticesFrom(nodeId),
      onConnected: () => {
        if (connectedBefore) this.#events.onReturned(nodeId);
        connectedBefore = true;
      },
      onLost: () => {
        this.#ways.delete(nodeId);
        this.#avoided.set(nodeId, clock.monotonicMs() + AVOID_MS);
        this.#events.onLost(nodeId);
      },
    });
    const way = { link, usedAtMs: clock.monotonicMs() };
    this.#ways.set(nodeId, way);
    return way;
  }

  #recordOf(nodeId: string): NodeRecord | undefined {
    return this.#options.nodes().find((record) => record.nodeId === nodeId);
  }

  #tidy(): void {
    const idleSinceMs = this.#options.clock.monotonicMs() - IDLE_MS;
    for (const [nodeId, { link, usedAtMs }] of this.#ways) {
      if (usedAtMs > idleSinceMs || this.#events.isUsed(nodeId)) continue;
      this.#ways.delete(nodeId);
      link.close();
    }
    this.#cancelTidy = this.#options.clock.setTimeout(() => this.#tidy(), TIDY_MS);
  }
}
