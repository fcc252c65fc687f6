/**
 * Owns stats as browsers give them, cut down to what is read, for tests. Does not own their meaning.
 */
type Entry = Readonly<Record<string, unknown>>;

/** A report of these entries, each under its `id`. */
export const statsReport = (...entries: Entry[]): RTCStatsReport =>
  // A browser's report is a map with a prototype of its own, which cannot be made here.
  new Map(entries.map((entry) => [String(entry.id), entry])) as unknown as RTCStatsReport;

/** A transport's path as Chromium tells it. */
export const chromiumPath = (local: Entry, remote: Entry = {}): Entry[] => [
  { id: 'T01', type: 'transport', selectedCandidatePairId: 'CP1' },
  // Nominated once, and left for a better one.
  { id: 'CP0', type: 'candidate-pair', state: 'succeeded', nominated: true, currentRoundTripTime: 9 },
  {
    id: 'CP1',
    type: 'candidate-pair',
    state: 'succeeded',
    nominated: true,
    localCandidateId: 'L1',
    remoteCandidateId: 'R1',
    currentRoundTripTime: 0.05,
    availableOutgoingBitrate: 300_000,
  },
  { id: 'L1', type: 'local-candidate', candidateType: 'host', protocol: 'udp', ...local },
  { id: 'R1', type: 'remote-candidate', candidateType: 'host', protocol: 'udp', ...remote },
];

/** One layer of a camera as Chromium sends it, with what the other side reports on it. */
export const chromiumLayer = (rid: string, ssrc: number, more: Entry = {}, heard: Entry = {}): Entry[] => [
  {
    id: `OT${ssrc}`,
    type: 'outbound-rtp',
    kind: 'video',
    ssrc,
    rid,
    mid: '1',
    mediaSourceId: 'SV1',
    active: true,
    packetsSent: 200,
    framesEncoded: 100,
    frameHeight: 360,
    scalabilityMode: 'L1T3',
    qualityLimitationReason: 'bandwidth',
    qualityLimitationDurations: { none: 4, bandwidth: 6, cpu: 0, other: 0 },
    ...more,
  },
  {
    id: `RI${ssrc}`,
    type: 'remote-inbound-rtp',
    kind: 'video',
    ssrc,
    localId: `OT${ssrc}`,
    packetsLost: 10,
    fractionLost: 0.05,
    jitter: 0.004,
    roundTripTime: 0.06,
    ...heard,
  },
];

/** A picture as Chromium receives it. */
export const chromiumPicture = (ssrc: number, more: Entry = {}): Entry => ({
  id: `IT${ssrc}`,
  type: 'inbound-rtp',
  kind: 'video',
  ssrc,
  mid: '0',
  trackIdentifier: `track-${ssrc}`,
  packetsReceived: 950,
  packetsLost: 50,
  jitter: 0.012,
  framesDecoded: 240,
  framesDropped: 6,
  freezeCount: 2,
  totalFreezesDuration: 1.5,
  frameHeight: 180,
  ...more,
});

/** A picture as Firefox receives it: no transport entry, no freezes, no drops. */
export const firefoxEntries: readonly Entry[] = [
  {
    id: 'pair',
    type: 'candidate-pair',
    state: 'succeeded',
    nominated: true,
    selected: true,
    localCandidateId: 'l',
    remoteCandidateId: 'r',
  },
  { id: 'l', type: 'local-candidate', candidateType: 'prflx', protocol: 'tcp' },
  { id: 'r', type: 'remote-candidate', candidateType: 'host', protocol: 'tcp' },
  {
    id: 'in',
    type: 'inbound-rtp',
    kind: 'video',
    ssrc: 7,
    packetsReceived: 10,
    packetsLost: 0,
    framesDecoded: 3,
  },
];
