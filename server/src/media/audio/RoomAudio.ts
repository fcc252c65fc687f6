/**
 * Owns which consumers of microphones flow in one room: for each listener the loudest few but themself, and whom they chose.
 * Does not own the ranking (LoudestMics), the pool (MicPool) nor other sound: a shared screen's is heard whenever it is subscribed.
 */
import type { Clock } from '../../clock.ts';
import type { Level } from '../ActiveSpeakers.ts';
import type { Publication, SeatConsumer } from '../seatModel.ts';
import type { View } from '../Views.ts';
import { LoudestMics, type Ranking } from './LoudestMics.ts';
import { MicPool } from './MicPool.ts';

/** Consumers of one room's microphones. */
export class RoomAudio {
  readonly #viewOf: (consumer: SeatConsumer) => View | undefined;
  readonly #loudest: LoudestMics;
  readonly #pool: MicPool;
  /** Peer id -> microphone. */
  readonly #mics = new Map<string, Publication>();

  constructor(options: {
    clock: Clock;
    /** How many microphones each listener hears. */
    loudest: number;
    viewOf: (consumer: SeatConsumer) => View | undefined;
    /** Publication ids, most recent speaker first. */
    onPool: (publicationIds: readonly string[]) => void;
  }) {
    const { clock, loudest, viewOf, onPool } = options;
    this.#viewOf = viewOf;
    this.#loudest = new LoudestMics({
      clock,
      count: loudest,
      onChange: (now, before) => this.#apply(now, before),
    });
    this.#pool = new MicPool({ clock, onChange: onPool });
  }

  /** Publication ids of the microphones worth subscribing to. */
  get pool(): readonly string[] {
    return this.#pool.members;
  }

  published(mic: Publication): void {
    this.#mics.set(mic.seat.peer.peerId, mic);
    this.pausedChanged(mic);
  }

  unpublished(mic: Publication): void {
    const { peerId } = mic.seat.peer;
    if (this.#mics.get(peerId) !== mic) return;
    this.#mics.delete(peerId);
    this.#pool.remove(mic.id);
    this.#loudest.close(peerId);
  }

  /** A microphone is muted or unmuted. */
  pausedChanged(mic: Publication): void {
    const { peerId } = mic.seat.peer;
    if (this.#mics.get(peerId) !== mic) return;
    const open = !mic.producer.paused;
    this.#pool.set(mic.id, open);
    if (open) this.#loudest.open(peerId);
    else this.#loudest.close(peerId);
  }

  /** Levels of some worker's microphones in the room. */
  report(levels: readonly Level[]): void {
    this.#loudest.report(levels);
    const { heard, next } = this.#loudest.ranking;
    for (const { peerId } of levels) {
      const mic = this.#mics.get(peerId);
      if (mic) this.#pool.spoke(mic.id, peerId === next || heard.includes(peerId));
    }
  }

  /** A talker's hint. @returns false when the peer has no open microphone. */
  speechBegins(peerId: string): boolean {
    const mic = this.#mics.get(peerId);
    const believed = this.#loudest.hint(peerId);
    if (mic && believed === 'believed')
      this.#pool.spoke(mic.id, this.#loudest.ranking.heard.includes(peerId));
    return believed !== 'no-mic';
  }

  /** A consumer is new, or its listener shows something else. */
  review(consumer: SeatConsumer): void {
    consumer.control.steer({ flows: this.#flows(consumer, this.#loudest.ranking) });
  }

  /** Stops; nothing is told after that. */
  stop(): void {
    this.#pool.stop();
    this.#loudest.stop();
  }

  #flows(consumer: SeatConsumer, { heard, next }: Ranking): boolean {
    const { publication, seat } = consumer;
    if (publication.source !== 'mic' || this.#viewOf(consumer)?.get(publication.id)?.visible) return true;
    const talker = publication.seat.peer.peerId;
    return heard.includes(talker) || (talker === next && heard.includes(seat.peer.peerId));
  }

  /** Looks only at microphones whose audience may have changed; control makes no call where nothing did. */
  #apply(now: Ranking, before: Ranking): void {
    const moved = [...now.heard, ...before.heard].filter(
      (peerId) => now.heard.includes(peerId) !== before.heard.includes(peerId),
    );
    const affected = new Set([...moved, now.next, before.next]);
    for (const peerId of affected) {
      for (const consumer of this.#mics.get(peerId ?? '')?.consumers ?? []) this.review(consumer);
    }
  }
}
