/**
 * Owns what is measured inside a page: the colour of a tile, the tones that are heard, decoded frames, selected paths.
 * Needs no hook in the product: an init script keeps the page's RTCPeerConnections. Does not own expectations.
 */
import type { Locator, Page } from 'playwright-core';

declare global {
  interface Window {
    parleyProbe: {
      connections: RTCPeerConnection[];
      audio?: AudioContext;
      analysers: Map<string, AnalyserNode>;
    };
  }
}

/** To be run before the page's own scripts. `relayOnly` forces TURN on all connections. */
export function installProbe(relayOnly: boolean): void {
  const Original = window.RTCPeerConnection;
  const connections: RTCPeerConnection[] = [];
  // A fake screen is 720p at 30 frames a second, which four software codecs on two cores cannot follow.
  const devices = navigator.mediaDevices;
  const getDisplayMedia = devices?.getDisplayMedia.bind(devices);
  if (getDisplayMedia) {
    devices.getDisplayMedia = (options) =>
      getDisplayMedia({ ...options, video: { width: 640, height: 360, frameRate: 5 } });
  }
  window.parleyProbe = { connections, analysers: new Map() };
  window.RTCPeerConnection = class extends Original {
    constructor(configuration?: RTCConfiguration) {
      super(relayOnly ? { ...configuration, iceTransportPolicy: 'relay' } : configuration);
      connections.push(this);
    }
  };
}

/** Average colour of the middle of a tile's video; undefined while it shows nothing. */
export function tileColour(tile: Locator): Promise<[number, number, number] | undefined> {
  return tile
    .locator('video')
    .first()
    .evaluate((video: HTMLVideoElement) => {
      if (video.readyState < 2 || video.videoWidth === 0) return undefined;
      const canvas = document.createElement('canvas');
      canvas.width = 16;
      canvas.height = 16;
      const context = canvas.getContext('2d', { willReadFrequently: true });
      if (!context) return undefined;
      const { videoWidth: width, videoHeight: height } = video;
      context.drawImage(video, width * 0.3, height * 0.3, width * 0.4, height * 0.4, 0, 0, 16, 16);
      const { data } = context.getImageData(0, 0, 16, 16);
      const sum: [number, number, number] = [0, 0, 0];
      for (let index = 0; index < data.length; index += 4) {
        sum[0] += data[index] ?? 0;
        sum[1] += data[index + 1] ?? 0;
        sum[2] += data[index + 2] ?? 0;
      }
      return sum.map((value) => Math.round(value / 256)) as [number, number, number];
    });
}

/** Size of what a tile's video shows; zeros while it shows nothing. */
export function tileSize(tile: Locator): Promise<{ width: number; height: number }> {
  return tile
    .locator('video')
    .first()
    .evaluate((video: HTMLVideoElement) => ({ width: video.videoWidth, height: video.videoHeight }));
}

/** The loudest frequency of each playing audio element, in Hz; silent ones are left out. */
export function heardTones(page: Page): Promise<number[]> {
  return page.evaluate(() => {
    const probe = window.parleyProbe;
    probe.audio ??= new AudioContext();
    const tones: number[] = [];
    for (const element of document.querySelectorAll('audio')) {
      const stream = element.srcObject;
      if (!(stream instanceof MediaStream) || stream.getAudioTracks().length === 0) continue;
      if (element.paused || element.muted) continue;
      const id = stream.getAudioTracks()[0]?.id ?? '';
      let analyser = probe.analysers.get(id);
      if (!analyser) {
        analyser = probe.audio.createAnalyser();
        analyser.fftSize = 8192;
        analyser.smoothingTimeConstant = 0;
        probe.audio.createMediaStreamSource(stream).connect(analyser);
        probe.analysers.set(id, analyser);
      }
      const bins = new Float32Array(analyser.frequencyBinCount);
      analyser.getFloatFrequencyData(bins);
      let best = 0;
      for (let bin = 1; bin < bins.length; bin++) if ((bins[bin] ?? -200) > (bins[best] ?? -200)) best = bin;
      if ((bins[best] ?? -200) > -60) tones.push((best * probe.audio.sampleRate) / analyser.fftSize);
    }
    return tones;
  });
}

/** Sum of a numeric field over all inbound or outbound RTP reports of the page's open connections. */
export function sumRtp(
  page: Page,
  type: 'inbound-rtp' | 'outbound-rtp',
  kind: 'audio' | 'video',
  field: 'framesDecoded' | 'packetsReceived' | 'packetsSent' | 'framesEncoded',
): Promise<number> {
  return page.evaluate(
    async ([type, kind, field]) => {
      let sum = 0;
      for (const connection of window.parleyProbe.connections) {
        if (connection.connectionState === 'closed') continue;
        for (const report of (await connection.getStats()).values()) {
          if (report.type === type && report.kind === kind) sum += report[field] ?? 0;
        }
      }
      return sum;
    },
    [type, kind, field] as const,
  );
}

/** What a page has played of the others' sound so far: samples in all, those made up for what was missing, and packets. */
export function playedSound(page: Page): Promise<{ samples: number; madeUp: number; packets: number }> {
  return page.evaluate(async () => {
    const played = { samples: 0, madeUp: 0, packets: 0 };
    for (const connection of window.parleyProbe.connections) {
      for (const stats of (await connection.getStats()).values()) {
        if (stats.type !== 'inbound-rtp' || stats.kind !== 'audio') continue;
        played.samples += stats.totalSamplesReceived;
        // Without those of a pause, in which a browser makes up silence.
        played.madeUp += stats.concealedSamples - stats.silentConcealedSamples;
        played.packets += stats.packetsReceived;
      }
    }
    return played;
  });
}

/** Video frames decoded over connections that were made after the first `known` ones. */
export function framesDecodedSince(page: Page, known: number): Promise<number> {
  return page.evaluate(async (known) => {
    let sum = 0;
    for (const connection of window.parleyProbe.connections.slice(known)) {
      for (const report of (await connection.getStats()).values()) {
        if (report.type === 'inbound-rtp' && report.kind === 'video') sum += report.framesDecoded ?? 0;
      }
    }
    return sum;
  }, known);
}

/** Types of the local candidates in use (host, srflx, prflx, relay), one per connected transport. */
export function selectedPaths(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const paths: string[] = [];
    for (const connection of window.parleyProbe.connections) {
      const stats = await connection.getStats();
      for (const report of stats.values()) {
        if (report.type !== 'transport' || !report.selectedCandidatePairId) continue;
        const pair = stats.get(report.selectedCandidatePairId);
        const local = pair && stats.get(pair.localCandidateId);
        if (local) paths.push(local.candidateType);
      }
    }
    return paths;
  });
}

/** Negotiated SRTP ciphers of the connected transports. */
export function srtpCiphers(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const ciphers: string[] = [];
    for (const connection of window.parleyProbe.connections) {
      for (const report of (await connection.getStats()).values()) {
        if (report.type === 'transport' && report.srtpCipher) ciphers.push(report.srtpCipher);
      }
    }
    return ciphers;
  });
}

/** What stats say of one RTP stream that is sent or received. */
export interface RtpStream {
  readonly mimeType: string;
  /** The codec's parameters, as negotiated. */
  readonly parameters: string;
  readonly scalabilityMode: string | undefined;
  readonly frameWidth: number;
  /** Encoded or decoded. */
  readonly frames: number;
}

/** Streams of a kind over the page's open connections that have carried anything. */
export function rtpStreams(
  page: Page,
  type: 'inbound-rtp' | 'outbound-rtp',
  kind: 'audio' | 'video',
): Promise<RtpStream[]> {
  return page.evaluate(
    async ([type, kind]) => {
      const streams: RtpStream[] = [];
      for (const connection of window.parleyProbe.connections) {
        if (connection.connectionState === 'closed') continue;
        const stats = await connection.getStats();
        for (const report of stats.values()) {
          const codec = report.type === type && report.kind === kind && stats.get(report.codecId);
          if (!codec) continue;
          streams.push({
            mimeType: codec.mimeType,
            parameters: codec.sdpFmtpLine ?? '',
            scalabilityMode: report.scalabilityMode,
            frameWidth: report.frameWidth ?? 0,
            frames: report.framesEncoded ?? report.framesDecoded ?? 0,
          });
        }
      }
      return streams;
    },
    [type, kind] as const,
  );
}
