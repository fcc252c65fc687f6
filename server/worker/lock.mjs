/**
 * A lock between processes of one machine, so that two starts at once build one worker. The file names its holder; a
 * holder that died is recognised and its lock taken over. Losing a race would cost a second build, never a wrong result.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

const pollMs = 300;

/**
 * @typedef {object} Holder
 * @property {number} pid
 * @property {string} started a mark of this process's start, so that a reused pid is not taken for the holder
 * @property {string} token
 */

/**
 * Runs `work` while holding the lock. A process that waits is told so once.
 * @template T
 * @param {string} path the lock file
 * @param {() => Promise<T>} work
 * @param {{onWait?: (holderPid: number) => void}} [options]
 * @returns {Promise<T>}
 */
export async function withLock(path, work, options = {}) {
  const token = await acquire(path, options.onWait);
  try {
    return await work();
  } finally {
    if ((await readHolder(path))?.token === token) await rm(path, { force: true });
  }
}

/**
 * @param {string} path
 * @param {((holderPid: number) => void) | undefined} onWait
 * @returns {Promise<string>} the token that proves that the lock is ours
 */
async function acquire(path, onWait) {
  await mkdir(dirname(path), { recursive: true });
  const token = randomUUID();
  const holder = { pid: process.pid, started: processStart(process.pid) ?? '', token };
  // Written aside and linked, so that nobody ever reads a half-written lock.
  const draft = `${path}.${token}`;
  await writeFile(draft, JSON.stringify(holder));
  try {
    let told = false;
    while (!(await tryLink(draft, path))) {
      const other = await readHolder(path);
      if (other && isAlive(other)) {
        if (!told) onWait?.(other.pid);
        told = true;
        await new Promise((resolve) => setTimeout(resolve, pollMs));
      } else if (other) {
        await takeAway(path, other, `${draft}.dead`);
      }
    }
    return token;
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * @param {string} from
 * @param {string} to
 * @returns {Promise<boolean>} whether the link was made; false when `to` exists
 */
async function tryLink(from, to) {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Removes a dead holder's lock. RACE: another waiter may have replaced it since we read it, so what the rename caught
 * is compared and put back if it belongs to somebody else.
 * @param {string} path
 * @param {Holder} dead
 * @param {string} aside
 */
async function takeAway(path, dead, aside) {
  await rename(path, aside).catch(() => undefined);
  const caught = await readHolder(aside);
  if (caught && caught.token !== dead.token) await tryLink(aside, path);
  await rm(aside, { force: true });
}

/**
 * @param {string} path
 * @returns {Promise<Holder | undefined>} undefined when there is no lock any more
 */
async function readHolder(path) {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const { pid, started, token } = JSON.parse(text);
    return { pid: Number(pid), started: String(started), token: String(token) };
  } catch {
    // Cut short by a full disk or a power loss: nobody holds it.
    return { pid: 0, started: '', token: 'unreadable' };
  }
}

/**
 * @param {Holder} holder
 * @returns {boolean}
 */
function isAlive({ pid, started }) {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  const now = processStart(pid);
  return now === undefined || started === '' || now === started;
}

/**
 * @param {number} pid
 * @returns {string | undefined} boot id and start time in clock ticks, where /proc tells them
 */
function processStart(pid) {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    // The second field is the program's name in parentheses and may hold spaces; field 22 is the start time.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ');
    return fields?.[19] === undefined ? undefined : `${boot} ${fields[19]}`;
  } catch {
    return undefined;
  }
}
