/**
 * Owns the reading of WebRTC stats: what bears on quality, by name and unit, from whatever browser. What one does not tell is
 * undefined, never a guess. Does not own what the numbers mean.
 */
import type { MediaPath } from '@parley/protocol';

/** How a transport's packets travel. */
export interface PathStats {
  readonly path: MediaPath | undefined;
  /** Of the selected pair; undefined before the first measurement. */
  readonly rttS: number | undefined;
  /** What congestion control believes: Chromium tells it of the way out. */
  readonly availableOutgoingBps: number | undefined;
  readonly availableIncomingBps: number | undefined;
}

/** One RTP stream, of a publication sent (simulcast has several) or received. Counters only grow, as long as the stream lives. */
export interface StreamStats {
  /** Unique among the streams of both transports, over their lives. */
  readonly key: string;
  readonly publicationId: string;
  readonly direction: 'sent' | 'received';
  readonly kind: 'audio' | 'video';
  readonly packets: number;
  /** Of a sent one: as far as the other side has reported. May shrink: a late packet is no lost one. */
  readonly lost: number | undefined;
  readonly jitterS: number | undefined;
  /** Decoded, or encoded. */
  readonly frames: number | undefined;
  readonly framesDropped: number | undefined;
  readonly freezes: number | undefined;
  readonly freezeS: number | undefined;
  readonly concealedSamples: number | undefined;
  readonly samples: number | undefined;
  readonly height: number | undefined;
  readonly scalabilityMode: string | undefined;
  /** What holds the encoder back now, and how long each did so far. */
  readonly limitation: string | undefined;
  readonly bandwidthLimitedS: number | undefined;
  readonly cpuLimitedS: number | undefined;
}

/** What identifies the media behind a stream's stats; browsers give some of it. */
export interface StreamIdentity {
  readonly ssrc: number | undefined;
  readonly mid: string | undefined;
  readonly trackId: string | undefined;
}

type Raw = Readonly<Record<string, unknown>>;

const number = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const isRaw = (value: unknown): value is Raw => typeof value === 'object' && value !== null;

function byId(report: RTCStatsReport | undefined): Map<string, Raw> {
  const all = new Map<string, Raw>();
  report?.forEach((stats: unknown, id: string) => {
    if (isRaw(stats)) all.set(id, stats);
  });
  return all;
}

/** The selected path of a transport. */
export function readPath(report: RTCStatsReport | undefined): PathStats {
  const all = byId(report);
  const pair = selectedPair(all);
  return {
    path: pair && pathOf(all.get(String(pair.localCandidateId)), all.get(String(pair.remoteCandidateId))),
    rttS: number(pair?.currentRoundTripTime),
    availableOutgoingBps: number(pair?.availableOutgoingBitrate),
    availableIncomingBps: number(pair?.availableIncomingBitrate),
  };
}

function selectedPair(all: ReadonlyMap<string, Raw>): Raw | undefined {
  const pairs: Raw[] = [];
  for (const stats of all.values()) {
    // Chromium names it; a nominated pair may be one that was left again.
    if (stats.type === 'transport' && typeof stats.selectedCandidatePairId === 'string') {
      return all.get(stats.selectedCandidatePairId);
    }
    if (stats.type === 'candidate-pair') pairs.push(stats);
  }
  return (
    pairs.find(({ selected }) => selected === true) ??
    pairs.find(({ nominated, state }) => nominated === true && state === 'succeeded')
  );
}

function pathOf(local: Raw | undefined, remote: Raw | undefined): MediaPath | undefined {
  if (!local) return undefined;
  // A relay's address that the other side saw first is `prflx`, but its protocol to the relay is told.
  const relayed = [local, remote].some((candidate) => candidate?.candidateType === 'relay');
  if (relayed || text(local.relayProtocol) !== undefined) return 'relay';
  const protocol = text(local.protocol)?.toLowerCase();
  return protocol === 'udp' || protocol === 'tcp' ? protocol : undefined;
}

/**
 * The RTP streams of a transport.
 * @param publicationOf the publication behind a stream; one without (probes of the server) is left out.
 */
export function readStreams(
  report: RTCStatsReport | undefined,
  publicationOf: (direction: 'sent' | 'received', identity: StreamIdentity) => string | undefined,
): StreamStats[] {
  const all = byId(report);
  const streams: StreamStats[] = [];
  for (const stats of all.values()) {
    if (stats.type !== 'inbound-rtp' && stats.type !== 'outbound-rtp') continue;
    const direction = stats.type === 'inbound-rtp' ? 'received' : 'sent';
    const ssrc = number(stats.ssrc);
    const source = all.get(String(stats.mediaSourceId));
    const trackId = text(stats.trackIdentifier) ?? text(source?.trackIdentifier);
    const publicationId = publicationOf(direction, { ssrc, mid: text(stats.mid), trackId });
    if (publicationId === undefined) continue;
    const common = {
      key: `${direction}:${ssrc ?? String(stats.id)}`,
      publicationId,
      direction,
      kind: (stats.kind ?? stats.mediaType) === 'video' ? 'video' : 'audio',
      scalabilityMode: text(stats.scalabilityMode),
      height: number(stats.frameHeight),
    } as const;
    streams.push({ ...common, ...(direction === 'received' ? received(stats) : sent(stats, all)) });
  }
  return streams;
}

type Counters = Omit<
  StreamStats,
  'key' | 'publicationId' | 'direction' | 'kind' | 'scalabilityMode' | 'height'
>;

const received = (stats: Raw): Counters => ({
  packets: number(stats.packetsReceived) ?? 0,
  lost: number(stats.packetsLost),
  jitterS: number(stats.jitter),
  frames: number(stats.framesDecoded),
  framesDropped: number(stats.framesDropped),
  freezes: number(stats.freezeCount),
  freezeS: number(stats.totalFreezesDuration),
  concealedSamples: number(stats.concealedSamples),
  samples: number(stats.totalSamplesReceived),
  limitation: undefined,
  bandwidthLimitedS: undefined,
  cpuLimitedS: undefined,
});

function sent(stats: Raw, all: ReadonlyMap<string, Raw>): Counters {
  const heard = [...all.values()].find(
    ({ type, localId }) => type === 'remote-inbound-rtp' && localId === stats.id,
  );
  const durations = isRaw(stats.qualityLimitationDurations) ? stats.qualityLimitationDurations : undefined;
  return {
    packets: number(stats.packetsSent) ?? 0,
    lost: number(heard?.packetsLost),
    jitterS: number(heard?.jitter),
    frames: number(stats.framesEncoded),
    framesDropped: undefined,
    freezes: undefined,
    freezeS: undefined,
    concealedSamples: undefined,
    samples: undefined,
    // An encoding that nobody wants is not held back by anything.
    limitation: stats.active === false ? undefined : text(stats.qualityLimitationReason),
    bandwidthLimitedS: number(durations?.bandwidth),
    cpuLimitedS: number(durations?.cpu),
  };
}
