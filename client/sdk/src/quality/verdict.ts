/**
 * Owns how good a connection is called, and what a bad one is put down to: from one interval of own stats, or from the server's
 * score of somebody else. Does not own how long it must last to be told (TroubleWatch).
 */
import type { OwnTrouble } from '@parley/protocol';
import type { Participant } from '../types.ts';
import type { Interval } from './compareReadings.ts';

type Quality = Participant['quality'];

/** Fewer packets say nothing about their loss: a muted room sends a few a second. */
const ENOUGH_PACKETS = 40;
const ENOUGH_FRAMES = 10;
const TROUBLE_LOSS = 0.05;
const TROUBLE_RTT_S = 0.6;
/** Of an interval that the encoder was held back. */
const TROUBLE_LIMITED = 0.5;
const TROUBLE_DROPPED = 0.25;
/** What is dropped because packets are missing is not the computer's fault. */
const CLEAN_LOSS = 0.01;

const share = (part: number, whole: number, enough: number): number => (whole >= enough ? part / whole : 0);

/** Quality of the own connection over an interval. */
export function qualityOf({ rttS, expected, lost, sent, sentLost }: Interval): Quality {
  if (rttS === undefined) return 'unknown';
  const loss = share(lost + sentLost, expected + sent, 1);
  if (loss > 0.1 || rttS > 0.8) return 'bad';
  return loss > 0.03 || rttS > 0.3 ? 'poor' : 'good';
}

/** What speaks against the own network or computer in an interval; undefined: nothing. The network first: it slows encoders too. */
export function troubleSign(interval: Interval, isPageHidden: boolean): OwnTrouble | undefined {
  const { lengthMs, rttS = 0, expected, lost, sent, sentLost, framesDecoded, framesDropped } = interval;
  const loss = share(lost, expected, ENOUGH_PACKETS);
  const sentLoss = share(sentLost, sent, ENOUGH_PACKETS);
  const isLossy = Math.max(loss, sentLoss) > TROUBLE_LOSS;
  const isNarrow = interval.bandwidthLimitedMs > lengthMs * TROUBLE_LIMITED;
  if (isLossy || isNarrow || rttS > TROUBLE_RTT_S) return 'your-network';
  if (interval.cpuLimitedMs > lengthMs * TROUBLE_LIMITED) return 'your-computer';
  // A page that nobody sees draws nothing.
  if (isPageHidden || loss > CLEAN_LOSS) return undefined;
  const dropped = share(framesDropped, framesDecoded + framesDropped, ENOUGH_FRAMES);
  return dropped > TROUBLE_DROPPED ? 'your-computer' : undefined;
}

/** mediasoup's score of what a peer sends, 0-10. */
export const qualityOfScore = (score: number): Quality => {
  if (score >= 7) return 'good';
  return score >= 4 ? 'poor' : 'bad';
};
