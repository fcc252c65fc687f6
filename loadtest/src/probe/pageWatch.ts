/**
 * Owns what is measured inside the page: the click on Join, the first picture of somebody else, what WebRTC's own statistics say.
 * Both functions run in the browser and may use nothing of this module. Does not own the driving (BrowserProbe).
 */

/** Runs before the page's own scripts. */
export function installWatch(): void {
  const connections: RTCPeerConnection[] = [];
  const Original = globalThis.RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Original {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      connections.push(this);
    }
  };
  const look = (clickedAtMs: number, seen: WeakSet<Element>) => {
    for (const video of document.querySelectorAll('video')) {
      const name = video.closest('[role=group]')?.getAttribute('aria-label') ?? '(you)';
      if (seen.has(video) || name.endsWith('(you)')) continue;
      seen.add(video);
      video.requestVideoFrameCallback(() => {
        document.documentElement.dataset.firstFrameMs ??= String(performance.now() - clickedAtMs);
      });
    }
    requestAnimationFrame(() => look(clickedAtMs, seen));
  };
  addEventListener(
    'click',
    (event) => {
      const button = event.target instanceof Element ? event.target.closest('button') : null;
      if (button?.textContent?.trim() === 'Join') look(performance.now(), new WeakSet());
    },
    { capture: true },
  );
  Object.assign(globalThis, { loadtestConnections: connections });
}

/** What the receiving side has seen so far. */
export interface Playback {
  readonly freezes: number;
  readonly frozenMs: number;
  readonly audioGaps: number;
  readonly audioGapMs: number;
}

/** Sums over all that the page receives. */
export async function readPlayback(): Promise<Playback> {
  const found = Reflect.get(globalThis, 'loadtestConnections');
  const connections: RTCPeerConnection[] = Array.isArray(found) ? found : [];
  const sums = { freezes: 0, frozenMs: 0, audioGaps: 0, audioGapMs: 0 };
  for (const connection of connections) {
    for (const stats of (await connection.getStats()).values()) {
      if (stats.type !== 'inbound-rtp') continue;
      sums.freezes += stats.freezeCount ?? 0;
      sums.frozenMs += (stats.totalFreezesDuration ?? 0) * 1000;
      // Silence that is made up is silence; only made-up sound is a gap.
      const concealed = (stats.concealedSamples ?? 0) - (stats.silentConcealedSamples ?? 0);
      sums.audioGaps += concealed > 0 ? (stats.concealmentEvents ?? 0) : 0;
      sums.audioGapMs += concealed / 48;
    }
  }
  return sums;
}
