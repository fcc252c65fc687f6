/**
 * Owns a limit on what processes get of a core: a control group, as containers have them, of version 2 or 1. Needs the rights to make one.
 * Does not own the processes.
 */
import { existsSync } from 'node:fs';
import { mkdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** As containers are limited by default: held back until the next tenth of a second when the share of this one is used up. */
const PERIOD_US = 100_000;

/** One way to say it to the kernel. */
interface Version {
  readonly folder: string;
  /** @param quotaUs of each period; undefined: no limit. */
  readonly settings: (quotaUs: number | undefined) => readonly (readonly [file: string, value: string])[];
}

const versions: readonly Version[] = [
  {
    folder: '/sys/fs/cgroup/cpu',
    settings: (quotaUs = -1) => [
      ['cpu.cfs_period_us', String(PERIOD_US)],
      ['cpu.cfs_quota_us', String(quotaUs)],
    ],
  },
  {
    folder: '/sys/fs/cgroup',
    settings: (quotaUs) => [['cpu.max', `${quotaUs ?? 'max'} ${PERIOD_US}`]],
  },
];

/** Processes that share a limit. */
export class CpuLimit {
  readonly #folder: string;
  readonly #settings: Version['settings'];

  private constructor(folder: string, settings: Version['settings']) {
    this.#folder = folder;
    this.#settings = settings;
  }

  /** No limit yet. @throws Error when there can be none here. */
  static async create(pids: readonly number[]): Promise<CpuLimit> {
    const version = versions.find(({ folder }) => existsSync(folder));
    if (!version) throw new Error('there are no control groups here');
    const folder = join(version.folder, `parley-bench-${process.pid}-${pids[0]}`);
    await mkdir(folder);
    const limit = new CpuLimit(folder, version.settings);
    try {
      await limit.set(undefined);
      for (const pid of pids) await writeFile(join(folder, 'cgroup.procs'), String(pid));
      return limit;
    } catch (error) {
      await limit.remove();
      throw error;
    }
  }

  /** @param cores what they get together; undefined: as much as there is. */
  async set(cores: number | undefined): Promise<void> {
    const quotaUs = cores === undefined ? undefined : Math.max(1000, Math.round(cores * PERIOD_US));
    for (const [file, value] of this.#settings(quotaUs)) await writeFile(join(this.#folder, file), value);
  }

  /** Once they have ended: the kernel keeps a group that is not empty. */
  async remove(): Promise<void> {
    await rmdir(this.#folder);
  }
}
