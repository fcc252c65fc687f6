/**
 * A computer that is too slow for its camera: Chromium gets less and less of a core until its encoder says so itself
 * (`qualityLimitationReason` is `cpu`), and the person is told. Needs a control group of the kernel, and fails without.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ServerProcess } from '../../../server/test/support/serverProcess.ts';
import { CpuGroup } from './support/CpuGroup.ts';
import { chromiumPath } from './support/chromium.ts';
import { looks } from './support/fakeMedia.ts';
import { Person } from './support/Person.ts';

let group: CpuGroup;
let folder: string;
let server: ServerProcess;
let slow: Person;
let other: Person;

beforeAll(async () => {
  group = await CpuGroup.create();
  folder = await mkdtemp(join(tmpdir(), 'parley-busy-'));
  const executablePath = join(folder, 'chromium.sh');
  const script = `#!/bin/sh\necho $$ > ${group.members}\nexec ${chromiumPath} "$@"\n`;
  await writeFile(executablePath, script, { mode: 0o755 });
  server = await ServerProcess.start();
  slow = await Person.start('Ada', looks.red, { executablePath, fakeCamera: true });
  other = await Person.start('Ben', looks.green);
});

afterAll(async () => {
  await group?.limit(undefined);
  await Promise.all([slow, other].map((person) => person?.stop()));
  await server?.stop();
  await group?.remove();
  await rm(folder, { recursive: true, force: true });
});

/** Whether an encoder of the page is held back by the machine now. */
const isCpuLimited = (): Promise<boolean> =>
  slow.page.evaluate(async () => {
    for (const connection of window.parleyProbe.connections) {
      for (const stats of (await connection.getStats()).values()) {
        if (stats.type === 'outbound-rtp' && stats.qualityLimitationReason === 'cpu') return true;
      }
    }
    return false;
  });

it('is called "your computer" there, and nobody\'s network anywhere', async () => {
  for (const person of [slow, other]) await person.join(`${server.url}/r/busy`);
  await slow.sees(other);
  await slow.tile('Ben').waitFor();
  // Congestion control finds its way first.
  await delay(12_000);
  const notice = slow.page.getByRole('status').filter({ hasText: 'Your computer is very busy' });
  let share = 0.25;
  await group.limit(share);
  for (let round = 0; round < 7 && !(await notice.isVisible()); round++) {
    await notice.waitFor({ timeout: 15_000 }).catch(() => undefined);
    if (await notice.isVisible()) break;
    // Held back already: the word comes after three of four measurements, which take their time here.
    if (!(await isCpuLimited())) share *= 0.75;
    await group.limit(share);
  }
  expect(await notice.textContent()).toContain('your-computer');
  expect(await isCpuLimited()).toBe(true);
  expect(await other.page.getByText('Their network is weak').count()).toBe(0);
  expect(await slow.page.getByText('Your network is weak').count()).toBe(0);
});
