/**
 * Owns how much of a processor the programs of a test get: a control group of the kernel, version 1 or 2. Needs root; elsewhere it
 * fails, it never skips. Does not own the programs.
 */
import { existsSync } from 'node:fs';
import { mkdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const VERSION_1 = '/sys/fs/cgroup/cpu';
const VERSION_2 = '/sys/fs/cgroup';
const PERIOD_US = 100_000;

/** One group; what its members start is in it, too. */
export class CpuGroup {
  /** Whoever writes its pid into this file joins. */
  readonly members: string;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.members = join(folder, 'cgroup.procs');
  }

  /** @throws when this user or this container may make none. */
  static async create(): Promise<CpuGroup> {
    const isFirst = existsSync(VERSION_1);
    if (!isFirst) await writeFile(join(VERSION_2, 'cgroup.subtree_control'), '+cpu');
    const folder = join(isFirst ? VERSION_1 : VERSION_2, `parley-test-${process.pid}`);
    await mkdir(folder);
    return new CpuGroup(folder);
  }

  /** All members together get this share of one core; undefined: as much as they like. */
  async limit(share: number | undefined): Promise<void> {
    const quota = share === undefined ? undefined : Math.round(share * PERIOD_US);
    const first = join(this.#folder, 'cpu.cfs_quota_us');
    if (existsSync(first)) await writeFile(first, String(quota ?? -1));
    else await writeFile(join(this.#folder, 'cpu.max'), `${quota ?? 'max'} ${PERIOD_US}`);
  }

  /** Takes the group away once its members have ended. */
  async remove(): Promise<void> {
    for (let tries = 50; tries > 0; tries--) {
      const removed = await rmdir(this.#folder).then(
        () => true,
        () => false,
      );
      if (removed) return;
      await delay(100);
    }
    throw new Error(`${this.#folder} still has members`);
  }
}
