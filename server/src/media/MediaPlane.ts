/**
 * Owns the media plane of this process: which seat lives on which worker, and the way from a seat's name to its media.
 * Does not own the workers' processes (WorkerPool) nor what a seat has (Seat). The only export that others use.
 */
import {
  CallError,
  type ConsumerInfo,
  type DtlsParameters,
  type IceParameters,
  type RtpCapabilities,
  type RtpParameters,
  type Source,
  type TransportInfo,
  type VideoCodec,
  type ViewedPublication,
} from '@parley/protocol';
import { type Clock, systemClock } from '../clock.ts';
import type { Logger } from '../log.ts';
import {
  type MediaEvents,
  type MediaPeer,
  type MediaPort,
  type RoomKey,
  roomKeyText,
  type SeatOutlook,
  type SeatStanding,
  type WantedEncodings,
} from '../room/ports.ts';
import type { ReadLoad } from './load/readLoad.ts';
import { MediaRoom } from './MediaRoom.ts';
import type { MediaWorker } from './MediaWorker.ts';
import { chooseWorker, type NodeLoad, nodeLoad, type Placement } from './placement.ts';
import { routerRtpCapabilities, undecodableCodecs } from './routerOptions.ts';
import type { Seat } from './Seat.ts';
import { notFound } from './toCallError.ts';
import { Views } from './Views.ts';
import { WorkerPipes } from './WorkerPipes.ts';
import { WorkerPool } from './WorkerPool.ts';

/** How long a seat waits for a worker when none lives: a replacement takes well under a second. */
const PLACEMENT_LIMIT_MS = 3000;
/** A worker may die under a call that a fresh one would answer; twice in a row is no accident. */
const PLACEMENT_TRIES = 2;

const DEFAULT_LOUDEST = 3;

export interface MediaPlaneOptions {
  /** Path of the mediasoup-worker binary. */
  readonly workerBin: string;
  /** How many workers, usually one per core. */
  readonly workers: number;
  /** Worker `i` listens on `mediaPort + i`, UDP and TCP; 0: each on any free port. */
  readonly mediaPort: number;
  /** The address that clients are told (NAT); undefined: every interface address. */
  readonly announcedAddress: string | undefined;
  /** Where HTTP listens: loopback candidates are offered when that is loopback. */
  readonly host: string;
  readonly events: MediaEvents;
  readonly log: Logger;
  readonly clock?: Clock;
  /** On which worker a seat lives. Default: rooms spread when a worker has enough to do. */
  readonly placement?: Placement;
  /** How many microphones each listener hears. Default 3. */
  readonly loudest?: number;
  /** How loaded workers are, by index. Default: as the kernel tells it. */
  readonly readLoad?: (index: number) => ReadLoad;
}

/** What runs in one worker, for health, metrics and tests. */
export interface WorkerReport {
  readonly index: number;
  readonly pid: number;
  readonly port: number;
  /** With at least one seat there. */
  readonly rooms: number;
  /** Ends of pipes to other workers. */
  readonly pipes: number;
  /** As the worker itself counts them: transports of people, and producers and consumers of these and of the pipes. */
  readonly transports: number;
  readonly producers: number;
  readonly consumers: number;
  readonly rtpObservers: number;
}

export class MediaPlane implements MediaPort {
  readonly #events: MediaEvents;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #placement: Placement;
  readonly #rtpCapabilities = routerRtpCapabilities();
  /** By room key; an entry lives while a seat of the room has transports here. */
  readonly #rooms = new Map<string, MediaRoom>();
  readonly #arrivals = new Set<{ readonly peer: MediaPeer; left: boolean }>();
  readonly #pool: WorkerPool;
  readonly #pipes: WorkerPipes;
  readonly #loudest: number;
  readonly #views = new Views();

  private constructor(options: MediaPlaneOptions, pool: WorkerPool) {
    this.#events = options.events;
    this.#log = options.log;
    this.#clock = options.clock ?? systemClock;
    this.#placement = options.placement ?? chooseWorker;
    this.#pool = pool;
    this.#pipes = new WorkerPipes({ first: options.mediaPort, count: options.workers }, options.log);
    this.#loudest = options.loudest ?? DEFAULT_LOUDEST;
  }

  /**
   * Starts the workers.
   * @throws CallError `unavailable`, its message fit for the operator: a taken port (with its setting), a binary that does not run.
   */
  static async create(options: MediaPlaneOptions): Promise<MediaPlane> {
    const log = options.log.child({ part: 'media' });
    const clock = options.clock ?? systemClock;
    // A worker may die, or be busy, before the plane around the pool exists; there are no rooms yet.
    let plane: MediaPlane | undefined;
    const onLost = (worker: MediaWorker) => {
      if (plane) plane.#lost(worker);
    };
    const onShed = (worker: MediaWorker) => {
      if (plane) for (const room of plane.#rooms.values()) room.loadChanged(worker);
    };
    const pool = await WorkerPool.create({ ...options, log, clock, onLost, onShed });
    plane = new MediaPlane({ ...options, log }, pool);
    return plane;
  }

  /** What every router can do; the same for all workers. */
  rtpCapabilities(): RtpCapabilities {
    return this.#rtpCapabilities;
  }

  async attach(peer: MediaPeer): Promise<SeatStanding> {
    return { rtpCapabilities: this.#rtpCapabilities, transportIds: this.transportIds(peer) };
  }

  async outlook(peer: MediaPeer): Promise<SeatOutlook> {
    return { audioPool: this.audioPool(peer.room), encodingsWanted: this.encodingsWanted(peer) };
  }

  async undecodable(_peer: MediaPeer, rtpCapabilities: RtpCapabilities): Promise<VideoCodec[]> {
    return undecodableCodecs(rtpCapabilities);
  }

  /** Live transports of a seat. */
  transportIds(peer: MediaPeer): string[] {
    return this.#room(peer.room)?.seat(peer.peerId)?.transportIds ?? [];
  }

  async createTransport(
    peer: MediaPeer,
    options: { transportId: string; direction: 'send' | 'recv'; rtpCapabilities?: RtpCapabilities },
  ): Promise<TransportInfo> {
    // A peer that leaves while its place is looked for has no seat yet that could be closed.
    const arrival = { peer, left: false };
    this.#arrivals.add(arrival);
    try {
      for (let attempt = 1; ; attempt += 1) {
        const workers = await this.#pool.whenLive(PLACEMENT_LIMIT_MS);
        if (arrival.left) throw notFound('peer');
        const room = this.#openRoom(peer.room);
        const seat = room.seat(peer.peerId) ?? room.takeSeat(peer, this.#place(room, workers));
        try {
          return await seat.createTransport(options);
        } catch (error) {
          if (seat.worker.live || attempt === PLACEMENT_TRIES) throw error;
        } finally {
          this.#dropIfEmpty(room);
        }
      }
    } finally {
      this.#arrivals.delete(arrival);
    }
  }

  async connectTransport(
    peer: MediaPeer,
    transportId: string,
    dtlsParameters: DtlsParameters,
  ): Promise<void> {
    await this.#seat(peer, 'transport').connectTransport(transportId, dtlsParameters);
  }

  async restartIce(peer: MediaPeer, transportId: string): Promise<IceParameters> {
    return await this.#seat(peer, 'transport').restartIce(transportId);
  }

  async produce(
    peer: MediaPeer,
    options: {
      transportId: string;
      source: Source;
      generation: number;
      rtpParameters: RtpParameters;
      muted: boolean;
    },
  ): Promise<void> {
    await this.#seat(peer, 'transport').produce(options);
  }

  async setProducerPaused(peer: MediaPeer, source: Source, paused: boolean): Promise<void> {
    await this.#seat(peer, 'publication').setProducerPaused(source, paused);
  }

  async closeProducer(peer: MediaPeer, source: Source): Promise<void> {
    await this.#room(peer.room)?.seat(peer.peerId)?.closeProducer(source);
  }

  async consume(peer: MediaPeer, transportId: string, publicationId: string): Promise<ConsumerInfo> {
    return await this.#seat(peer, 'transport').consume(transportId, publicationId);
  }

  async closeConsumer(peer: MediaPeer, consumerId: string): Promise<void> {
    await this.#seat(peer, 'consumer').closeConsumer(consumerId);
  }

  async setConsumerPaused(peer: MediaPeer, consumerId: string, paused: boolean): Promise<void> {
    await this.#seat(peer, 'consumer').setConsumerPaused(consumerId, paused);
  }

  async setView(peer: MediaPeer, publications: readonly ViewedPublication[]): Promise<void> {
    this.#views.set(peer, publications);
    this.#room(peer.room)?.viewChanged(peer.peerId);
  }

  async speechBegins(peer: MediaPeer): Promise<void> {
    if (this.#room(peer.room)?.speechBegins(peer.peerId)) return;
    throw new CallError('invalid-state', 'There is no open microphone');
  }

  /** The microphones of a room worth subscribing to. */
  audioPool(room: RoomKey): readonly string[] {
    return this.#room(room)?.audioPool ?? [];
  }

  /** Of each video publication of a seat. */
  encodingsWanted(peer: MediaPeer): readonly WantedEncodings[] {
    return this.#room(peer.room)?.encodingsWanted(peer.peerId) ?? [];
  }

  async closePeer(peer: MediaPeer): Promise<void> {
    this.#views.drop(peer);
    for (const arrival of this.#arrivals) {
      if (arrival.peer.peerId === peer.peerId && roomKeyText(arrival.peer.room) === roomKeyText(peer.room)) {
        arrival.left = true;
      }
    }
    const room = this.#room(peer.room);
    if (!room) return;
    room.closeSeat(peer.peerId);
    this.#dropIfEmpty(room);
  }

  ready(): boolean {
    return this.#pool.live().length > 0;
  }

  /** What runs where, as the workers themselves say; those that do not answer are left out. */
  async inspect(): Promise<WorkerReport[]> {
    const reports = await Promise.allSettled(
      this.#pool.live().map(async (worker): Promise<WorkerReport> => {
        const dump = await worker.call('dump', () => worker.router.dump());
        const pipes = this.#pipes.transportIds(worker);
        return {
          index: worker.index,
          pid: worker.pid,
          port: worker.port,
          rooms: [...this.#rooms.values()].filter((room) => room.seatsOn(worker) > 0).length,
          pipes: pipes.size,
          transports: dump.transportIds.filter((id) => !pipes.has(id)).length,
          producers: dump.mapProducerIdConsumerIds.length,
          consumers: dump.mapConsumerIdProducerId.length,
          rtpObservers: dump.rtpObserverIds.length,
        };
      }),
    );
    return reports.flatMap((report) => (report.status === 'fulfilled' ? [report.value] : []));
  }

  /** Ends all media and all worker processes. */
  async close(): Promise<void> {
    for (const room of this.#rooms.values()) room.close();
    this.#rooms.clear();
    await this.#pool.close();
  }

  /** The room's books, new ones if nobody of it is here. */
  #openRoom(key: RoomKey): MediaRoom {
    let room = this.#room(key);
    if (!room) {
      room = new MediaRoom({
        key,
        pipes: this.#pipes,
        events: this.#events,
        clock: this.#clock,
        log: this.#log,
        views: this.#views,
        loudest: this.#loudest,
      });
      this.#rooms.set(roomKeyText(key), room);
    }
    return room;
  }

  /** How much of all workers' capacity is in use, and about how many more seats they would take. */
  get load(): NodeLoad {
    const seats = this.#seatsByWorker();
    return nodeLoad(
      this.#pool.live().map((worker) => ({
        cpuShare: worker.cpuShare,
        sheds: worker.shedLevel > 0,
        seats: seats.get(worker) ?? 0,
      })),
    );
  }

  #seatsByWorker(): ReadonlyMap<MediaWorker, number> {
    const seats = new Map<MediaWorker, number>();
    for (const { homes } of this.#rooms.values()) {
      for (const worker of homes) seats.set(worker, (seats.get(worker) ?? 0) + 1);
    }
    return seats;
  }

  /** The worker for the room's next seat. */
  #place(room: MediaRoom, [first, ...others]: readonly [MediaWorker, ...MediaWorker[]]): MediaWorker {
    const seats = this.#seatsByWorker();
    const placeOn = (worker: MediaWorker) => ({
      worker,
      cpuShare: worker.cpuShare,
      sheds: worker.shedLevel > 0,
      seats: seats.get(worker) ?? 0,
      seatsOfRoom: room.seatsOn(worker),
    });
    return this.#placement([placeOn(first), ...others.map(placeOn)]).worker;
  }

  #room(key: RoomKey): MediaRoom | undefined {
    return this.#rooms.get(roomKeyText(key));
  }

  #seat(peer: MediaPeer, wanted: 'transport' | 'publication' | 'consumer'): Seat {
    const seat = this.#room(peer.room)?.seat(peer.peerId);
    if (!seat) throw notFound(wanted);
    return seat;
  }

  #dropIfEmpty(room: MediaRoom): void {
    const id = roomKeyText(room.key);
    if (!room.empty || this.#rooms.get(id) !== room) return;
    this.#rooms.delete(id);
    room.close();
  }

  #lost(worker: MediaWorker): void {
    const peers = [...this.#rooms.values()].flatMap((room) => {
      const moved = room.lose(worker);
      this.#dropIfEmpty(room);
      return moved;
    });
    this.#pipes.drop(worker);
    if (peers.length === 0) return;
    this.#log.warn({ worker: worker.index, peers: peers.length }, 'peers lost their media worker');
    this.#events.moved(peers);
  }
}
