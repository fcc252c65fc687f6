/**
 * Owns what a seat's media consists of, and what a seat and its room need of each other.
 * Does not own any behaviour: see Seat and MediaRoom.
 */
import type { ConsumerInfo, RtpCapabilities, RtpParameters, Source } from '@parley/protocol';
import type { types } from 'mediasoup';
import type { MediaPeer } from '../room/ports.ts';
import type { ConsumerControl } from './ConsumerControl.ts';
import type { MediaWorker } from './MediaWorker.ts';
import type { Outlet } from './PublicationRelay.ts';

/** A seat as others see it. */
export interface SeatHandle {
  readonly peer: MediaPeer;
  /** Its home: its transports and what it publishes live there. */
  readonly worker: MediaWorker;
  /** The worst of what it sends, 0-10; undefined when nothing is sent that could be scored. */
  readonly score: number | undefined;
  /** The publication of one of its consumers ended: mediasoup closes the consumer, it only leaves the books. */
  forgetConsumer(consumer: SeatConsumer): void;
}

/** A WebRtcTransport of a seat. */
export interface SeatTransport {
  readonly id: string;
  readonly direction: 'send' | 'recv';
  readonly transport: types.WebRtcTransport;
  /** Of the receiving device; given for `recv`. */
  readonly rtpCapabilities: RtpCapabilities | undefined;
  /** The DTLS parameters it was connected with, as text. */
  connectedWith: string | undefined;
  /** A later one of its direction was made. */
  replaced: boolean;
}

/** What a seat publishes of one source, and who consumes it. */
export interface Publication {
  readonly id: string;
  readonly seat: SeatHandle;
  readonly source: Source;
  readonly generation: number;
  readonly rtpParameters: RtpParameters;
  readonly transportId: string;
  readonly producer: types.Producer;
  readonly consumers: Set<SeatConsumer>;
}

/** One publication as a seat receives it. */
export interface SeatConsumer {
  readonly info: ConsumerInfo;
  readonly seat: SeatHandle;
  readonly transportId: string;
  readonly publication: Publication;
  readonly consumer: types.Consumer;
  readonly control: ConsumerControl;
}

/** What a seat needs of its room. */
export interface SeatRoom {
  /** A live publication of this room. */
  findPublication(publicationId: string): Publication | undefined;
  /** The publication on a seat's worker, to be consumed there until it is released. */
  outlet(publication: Publication, worker: MediaWorker): Promise<Outlet>;
  published(publication: Publication): void;
  unpublished(publication: Publication): void;
  pausedChanged(publication: Publication): void;
  scoreChanged(seat: SeatHandle): void;
  /** Whether its publisher is asked to send it at all. */
  isWanted(publication: Publication): boolean;
  consumerAdded(consumer: SeatConsumer): void;
  /** The client said whether it wants it now. */
  consumerChanged(consumer: SeatConsumer): void;
  /** Its seat gave it up. */
  consumerRemoved(consumer: SeatConsumer): void;
  /** A consumer ended because its publication did. */
  consumerEnded(consumer: SeatConsumer): void;
}
