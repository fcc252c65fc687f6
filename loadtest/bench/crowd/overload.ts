/**
 * Owns what becomes of a load when its server gets half of the CPU that it needs for it, and when it gets it back.
 * Does not own the load (crowdCases.ts) nor the limit (CpuLimit.ts).
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  AUDIO_PACKETS_PER_S,
  type ContenderId,
  FRAMES_PER_S,
  type Load,
  tracksOf,
} from '../compare/cases.ts';
import { cpuSeconds } from '../compare/cpuTime.ts';
import { CpuLimit } from './CpuLimit.ts';
import { type CrowdStage, type LoadedServer, withServer } from './measureCrowd.ts';

/** Bandwidth estimates have arrived by then. */
const SETTLE_MS = 10_000;
/** Of what the load needs, for a load of twice what can be carried. */
const LEFT_SHARE = 0.5;
/** Of the pictures that came before the limit; so many are "back". */
const BACK_SHARE = 0.95;
const BACK_LIMIT_S = 90;
const LOOK_EVERY_S = 1;

/** What came in a while. */
export interface Delivered {
  /** Of what was due; under the limit, of what came before it: the little that silent microphones send is in both. */
  readonly audioPercent: number;
  /** Of all pictures that were made. */
  readonly videoPercent: number;
  readonly cores: number;
}

export interface Overload {
  readonly before: Delivered;
  /** From the moment of the limit on. */
  readonly first: Delivered;
  /** After that. */
  readonly later: Delivered;
  /** Seconds from the end of the limit until pictures came as before; undefined: not within 90 s. */
  readonly backAfterS: number | undefined;
  /** What the generator used of its core while the server was limited, in percent. */
  readonly generatorPercent: number;
}

/** Measures one contender on a fresh server. @throws Error when there can be no limit here. */
export async function overloadOf(stage: CrowdStage, id: ContenderId, load: Load): Promise<Overload> {
  let limit: CpuLimit | undefined;
  try {
    return await withServer(stage, id, async ({ server, generator }) => {
      limit = await CpuLimit.create([...server.pids.media, ...server.pids.node]);
      await generator.ask('open', load);
      const over = (seconds: number) => delivered({ server, generator }, stage, tracksOf(load, id), seconds);
      await delay(SETTLE_MS, undefined, { signal: stage.signal });
      const before = await over(stage.seconds);
      await limit.set(before.cores * LEFT_SHARE);
      const ofBefore = (now: Delivered): Delivered => ({
        ...now,
        audioPercent: (100 * now.audioPercent) / before.audioPercent,
      });
      const first = ofBefore(await over(stage.seconds));
      const later = ofBefore(await over(stage.seconds));
      const generatorPercent = Math.round((await generator.ask('sample', {})).self.cpuPercent);
      await limit.set(undefined);
      let backAfterS: number | undefined;
      for (let s = 0; s < BACK_LIMIT_S && backAfterS === undefined; s += LOOK_EVERY_S) {
        const { videoPercent } = await over(LOOK_EVERY_S);
        if (videoPercent >= BACK_SHARE * before.videoPercent) backAfterS = s + LOOK_EVERY_S;
      }
      return { before, first, later, backAfterS, generatorPercent };
    });
  } finally {
    await limit?.remove();
  }
}

async function delivered(
  { server: { pids }, generator }: LoadedServer,
  { signal }: CrowdStage,
  due: { video: number; audio: number },
  seconds: number,
): Promise<Delivered> {
  const look = async () => ({
    ...(await generator.ask('sample', {})),
    cpuS: await cpuSeconds([...pids.media, ...pids.node]),
    atS: performance.now() / 1000,
  });
  const from = await look();
  await delay(seconds * 1000, undefined, { signal });
  const to = await look();
  const elapsedS = to.atS - from.atS;
  const percent = (came: number, perSecond: number): number => (100 * came) / (perSecond * elapsedS);
  return {
    audioPercent: percent(to.audioPackets - from.audioPackets, due.audio * AUDIO_PACKETS_PER_S),
    videoPercent: percent(to.frames - from.frames, due.video * FRAMES_PER_S),
    cores: (to.cpuS - from.cpuS) / elapsedS,
  };
}
