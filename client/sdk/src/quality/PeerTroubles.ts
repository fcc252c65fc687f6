/**
 * Owns whose network is weak among the others: by their own word, which the server passes on, or because the server gets too little
 * of what they send. Does not own the own trouble.
 */
import { TroubleWatch } from './TroubleWatch.ts';
import { qualityOfScore } from './verdict.ts';

/** A word that is not repeated (every 30 s) is no longer true; one of two may be lost. */
const WORD_HOLDS_MS = 75_000;
/** mediasoup's score of a stream of which a twentieth is lost. */
const LOSSY_SCORE = 8;

interface Known {
  wordUntilMs: number;
  score: number | undefined;
  readonly watch: TroubleWatch<'bad'>;
}

/** The others' troubles, as far as they are known here. */
export class PeerTroubles {
  readonly #peers = new Map<string, Known>();

  /** Somebody says that their network is weak, or no longer. */
  handleWord(peerId: string, trouble: 'network' | 'none', nowMs: number): void {
    this.#known(peerId).wordUntilMs = trouble === 'network' ? nowMs + WORD_HOLDS_MS : 0;
  }

  /** How well the server gets what they send. */
  handleScores(scores: readonly { readonly peerId: string; readonly score: number }[]): void {
    for (const { peerId, score } of scores) this.#known(peerId).score = score;
  }

  /** Whether the server gets less than it should of what somebody sends: then it is no news that we do, too. */
  sendsBadly(peerId: string, nowMs: number): boolean {
    const { score = 10, wordUntilMs = 0 } = this.#peers.get(peerId) ?? {};
    return score <= LOSSY_SCORE || nowMs < wordUntilMs;
  }

  /** Those who left are forgotten. */
  keepOnly(isThere: (peerId: string) => boolean): void {
    for (const peerId of this.#peers.keys()) if (!isThere(peerId)) this.#peers.delete(peerId);
  }

  /** Takes a sign of each peer, every two seconds; gives those whose network is weak now. */
  tick(nowMs: number): Set<string> {
    const weak = new Set<string>();
    for (const [peerId, { wordUntilMs, score, watch }] of this.#peers) {
      const isBad = score !== undefined && qualityOfScore(score) === 'bad';
      const told = watch.add(isBad ? 'bad' : undefined);
      if (told || nowMs < wordUntilMs) weak.add(peerId);
    }
    return weak;
  }

  #known(peerId: string): Known {
    const known = this.#peers.get(peerId) ?? {
      wordUntilMs: 0,
      score: undefined,
      watch: new TroubleWatch<'bad'>(),
    };
    this.#peers.set(peerId, known);
    return known;
  }
}
