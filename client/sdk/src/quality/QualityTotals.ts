/**
 * Owns the sums over a call: per publication, over all the streams and transports that carried it, in the words of a quality report.
 * Does not own when they are reported (QualityMeter).
 */
import {
  MAX_REPORTED_PUBLICATIONS,
  type MediaPath,
  type OwnTrouble,
  type PublicationQuality,
  type QualityReport,
} from '@parley/protocol';
import type { Reading, StreamStep } from './compareReadings.ts';

/** Heights that are told apart: more are adaptations on their way. */
const MAX_LAYERS = 12;

interface Sums {
  packets: number;
  lost: number | undefined;
  jitterMs: number | undefined;
  freezes: number | undefined;
  freezeS: number | undefined;
  frames: number | undefined;
  framesDropped: number | undefined;
  concealedSamples: number | undefined;
  samples: number | undefined;
  bandwidthLimitedS: number | undefined;
  cpuLimitedS: number | undefined;
  readonly layersMs: Map<number, number>;
  /** Whether it changed since it was last reported. */
  isNews: boolean;
}

/** Everything that is summed up of a call, but for how it was joined. */
export class QualityTotals {
  readonly #publications = new Map<string, Sums>();
  readonly #troubleMs = { 'your-network': 0, 'your-computer': 0 };
  #sendPath: MediaPath | undefined;
  #recvPath: MediaPath | undefined;
  #rttMs: number | undefined;

  /** Adds what happened since the reading before. */
  add(
    reading: Reading,
    steps: readonly StreamStep[],
    lengthMs: number,
    trouble: OwnTrouble | undefined,
  ): void {
    const { send, recv } = reading;
    this.#sendPath = send.path ?? this.#sendPath;
    this.#recvPath = recv.path ?? this.#recvPath;
    const rttS = recv.rttS ?? send.rttS;
    if (rttS !== undefined) this.#rttMs = Math.round(rttS * 1000);
    if (trouble) this.#troubleMs[trouble] += lengthMs;
    for (const [publicationId, own] of groupByPublication(steps)) {
      if (own.every(({ by }) => by.packets === 0) && this.#publications.has(publicationId)) continue;
      this.#sums(publicationId, own, lengthMs);
    }
  }

  /** The sums as a report holds them: of publications, those that have news, the longest unreported first. */
  report(): Omit<QualityReport, 'visitId' | 'phases' | 'trouble'> {
    const news = [...this.#publications]
      .filter(([, { isNews }]) => isNews)
      .slice(0, MAX_REPORTED_PUBLICATIONS);
    for (const [publicationId, sums] of news) {
      sums.isNews = false;
      this.#publications.delete(publicationId);
      this.#publications.set(publicationId, sums);
    }
    return {
      ...(this.#sendPath && { sendPath: this.#sendPath }),
      ...(this.#recvPath && { recvPath: this.#recvPath }),
      ...(this.#rttMs !== undefined && { rttMs: this.#rttMs }),
      networkTroubleMs: Math.round(this.#troubleMs['your-network']),
      computerTroubleMs: Math.round(this.#troubleMs['your-computer']),
      publications: news.map(([publicationId, sums]) => toWire(publicationId, sums)),
    };
  }

  #sums(publicationId: string, steps: readonly StreamStep[], lengthMs: number): void {
    const sums = this.#publications.get(publicationId) ?? empty();
    this.#publications.set(publicationId, sums);
    sums.isNews = true;
    for (const { stream, by } of steps) {
      sums.packets += by.packets ?? 0;
      for (const counter of [
        'lost',
        'freezes',
        'freezeS',
        'frames',
        'framesDropped',
        'concealedSamples',
        'samples',
      ] as const) {
        const step = by[counter];
        if (step !== undefined) sums[counter] = (sums[counter] ?? 0) + step;
      }
      if (stream.jitterS !== undefined) sums.jitterMs = Math.round(stream.jitterS * 1000);
    }
    // Encodings of one picture are held back together.
    for (const counter of ['bandwidthLimitedS', 'cpuLimitedS'] as const) {
      const longest = steps.map(({ by }) => by[counter]).filter((step) => step !== undefined);
      if (longest.length > 0) sums[counter] = (sums[counter] ?? 0) + Math.max(...longest);
    }
    const heights = steps.map(({ stream, by }) => (by.frames ? (stream.height ?? 0) : 0));
    const height = Math.max(0, ...heights);
    const isRoom = sums.layersMs.has(height) || sums.layersMs.size < MAX_LAYERS;
    if (height > 0 && isRoom) sums.layersMs.set(height, (sums.layersMs.get(height) ?? 0) + lengthMs);
  }
}

const empty = (): Sums => ({
  packets: 0,
  lost: undefined,
  jitterMs: undefined,
  freezes: undefined,
  freezeS: undefined,
  frames: undefined,
  framesDropped: undefined,
  concealedSamples: undefined,
  samples: undefined,
  bandwidthLimitedS: undefined,
  cpuLimitedS: undefined,
  layersMs: new Map(),
  isNews: true,
});

function groupByPublication(steps: readonly StreamStep[]): Map<string, StreamStep[]> {
  const groups = new Map<string, StreamStep[]>();
  for (const step of steps) {
    const group = groups.get(step.stream.publicationId) ?? [];
    group.push(step);
    groups.set(step.stream.publicationId, group);
  }
  return groups;
}

/** Whole numbers, none below zero: late packets can make more than all of them arrive. */
function toWire(publicationId: string, sums: Sums): PublicationQuality {
  const { packets, layersMs, isNews: _, freezeS, bandwidthLimitedS, cpuLimitedS, ...counts } = sums;
  const whole = Object.fromEntries(
    Object.entries({
      ...counts,
      freezeMs: inMs(freezeS),
      bandwidthLimitedMs: inMs(bandwidthLimitedS),
      cpuLimitedMs: inMs(cpuLimitedS),
    }).flatMap(([name, value]) => (value === undefined ? [] : [[name, Math.max(0, Math.round(value))]])),
  );
  const layers = [...layersMs].map(([height, ms]) => ({ height, ms: Math.round(ms) }));
  return { publicationId, packets, ...whole, layers };
}

const inMs = (seconds: number | undefined): number | undefined =>
  seconds === undefined ? undefined : seconds * 1000;
