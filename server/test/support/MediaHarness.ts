/**
 * Owns a media plane with real workers for tests, what it told, and clients that talk and listen through it.
 * Does not own signaling: tests call the plane as the room engine would.
 */
import { createLogger } from '../../src/log.ts';
import { MediaPlane, type MediaPlaneOptions } from '../../src/media/MediaPlane.ts';
import { MediaClients, MediaRecord } from './MediaClients.ts';
import { workerBin } from './workerBin.ts';

export class MediaHarness extends MediaClients {
  readonly plane: MediaPlane;

  private constructor(plane: MediaPlane, record: MediaRecord) {
    super(plane, record);
    this.plane = plane;
  }

  static async start(options: Partial<MediaPlaneOptions> = {}): Promise<MediaHarness> {
    const record = new MediaRecord();
    const plane = await MediaPlane.create({
      workerBin: await workerBin(),
      workers: 1,
      mediaPort: 0,
      announcedAddress: undefined,
      host: '127.0.0.1',
      log: createLogger(process.env.PARLEY_TEST_LOG_LEVEL ?? 'silent'),
      events: record.events,
      ...options,
    });
    return new MediaHarness(plane, record);
  }

  /** Reports of the workers once they fit. */
  async inspected(
    fits: (reports: Awaited<ReturnType<MediaPlane['inspect']>>) => boolean,
    limitMs = 10_000,
  ): Promise<Awaited<ReturnType<MediaPlane['inspect']>>> {
    const end = performance.now() + limitMs;
    for (;;) {
      const reports = await this.plane.inspect();
      if (fits(reports)) return reports;
      if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${JSON.stringify(reports)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async close(): Promise<void> {
    this.closeClients();
    await this.plane.close();
  }
}
