/**
 * Owns how good a connection is called: from WebRTC stats for the own one, from the server's score for the others'.
 * Does not own when it is measured (QualityMonitor in MediaSession).
 */
import type { Participant } from './types.ts';

type Quality = Participant['quality'];

/** What of the stats of a transport bears on quality. Counters only grow. */
export interface PathSample {
  /** Seconds, of the current path; undefined before the first measurement. */
  readonly rttS: number | undefined;
  /** Packets that should have come. */
  readonly packetsExpected: number;
  readonly packetsLost: number;
}

/** Sums up a transport: what it receives, and what the other side says about what it sends. */
export function samplePath(report: RTCStatsReport | undefined): PathSample {
  let rttS: number | undefined;
  let packetsExpected = 0;
  let packetsLost = 0;
  const sent = new Map<string, number>();
  const lostOf = new Map<string, number>();
  report?.forEach((stats: Record<string, unknown>) => {
    const number = (field: string): number => (typeof stats[field] === 'number' ? stats[field] : 0);
    if (stats.type === 'candidate-pair' && stats.nominated === true && stats.state === 'succeeded') {
      if (typeof stats.currentRoundTripTime === 'number') rttS = stats.currentRoundTripTime;
    } else if (stats.type === 'inbound-rtp') {
      packetsExpected += number('packetsReceived') + number('packetsLost');
      packetsLost += number('packetsLost');
    } else if (stats.type === 'outbound-rtp') sent.set(String(stats.id), number('packetsSent'));
    else if (stats.type === 'remote-inbound-rtp') lostOf.set(String(stats.localId), number('packetsLost'));
  });
  for (const [id, packetsSent] of sent) {
    // Without a report from the other side nothing is known about these packets.
    const lost = lostOf.get(id);
    if (lost === undefined) continue;
    packetsExpected += packetsSent;
    packetsLost += lost;
  }
  return { rttS, packetsExpected, packetsLost };
}

/** Quality over the time between two samples of the same paths. */
export function qualityBetween(before: readonly PathSample[], after: readonly PathSample[]): Quality {
  const sum = (samples: readonly PathSample[], field: 'packetsExpected' | 'packetsLost'): number =>
    samples.reduce((total, sample) => total + sample[field], 0);
  const rtts = after.map((sample) => sample.rttS).filter((rttS) => rttS !== undefined);
  if (rtts.length === 0) return 'unknown';
  const expected = sum(after, 'packetsExpected') - sum(before, 'packetsExpected');
  const lost = sum(after, 'packetsLost') - sum(before, 'packetsLost');
  // A consumer that ended takes its counters with it: then this interval says nothing about loss.
  const loss = expected > 0 && lost > 0 ? lost / expected : 0;
  const rttS = Math.max(...rtts);
  if (loss > 0.1 || rttS > 0.8) return 'bad';
  return loss > 0.03 || rttS > 0.3 ? 'poor' : 'good';
}

/** mediasoup's score of what a peer sends, 0-10. */
export const qualityOfScore = (score: number): Quality => {
  if (score >= 7) return 'good';
  return score >= 4 ? 'poor' : 'bad';
};
