/**
 * Whose network is in the way, told to both sides: one person's Chromium lies behind a link that is made narrow on the way down, then on
 * the way up. Two machines of network namespaces, `tbf` between them; needs root, and fails without.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  createLanMachines,
  type LanMachine,
  type LanMachines,
} from '../../../server/test/support/lanMachines.ts';
import { workerBin } from '../../../server/test/support/workerBin.ts';
import { chromiumPath } from './support/chromium.ts';
import { looks } from './support/fakeMedia.ts';
import { Person } from './support/Person.ts';

const serverFile = new URL('../../../server/src/main.ts', import.meta.url).pathname;
const TOLD_WITHIN_MS = 60_000;

let lan: LanMachines;
let folder: string;
let server: ChildProcess;
let narrow: Person;
let wide: Person;

/** A person whose Chromium runs on a machine. Plain HTTP counts as secure for it, because cameras need that. */
async function personOn(
  machine: LanMachine,
  name: string,
  look: (typeof looks)[keyof typeof looks],
): Promise<Person> {
  const executablePath = join(folder, `${name}.sh`);
  const script = `#!/bin/sh\nexec ${machine.prefix.join(' ')} ${chromiumPath} "$@"\n`;
  await writeFile(executablePath, script, { mode: 0o755 });
  return Person.start(name, look, {
    executablePath,
    args: [`--unsafely-treat-insecure-origin-as-secure=http://${lan.host.ipv4}:3000`],
    fakeCamera: true,
  });
}

/** What a machine may send over the cable from now on. */
async function limit(machine: LanMachine, rate: string | undefined): Promise<void> {
  if (rate === undefined) await machine.run('tc', ['qdisc', 'del', 'dev', 'lan0', 'root']);
  else {
    const bucket = ['rate', rate, 'burst', '8kb', 'latency', '400ms'];
    await machine.run('tc', ['qdisc', 'replace', 'dev', 'lan0', 'root', 'tbf', ...bucket]);
  }
}

const own = (person: Person, text: string) => person.page.getByRole('status').filter({ hasText: text });
const onTile = (person: Person, tile: string) => person.tile(tile).getByText('Their network');

async function bothAreTold(): Promise<void> {
  await own(narrow, 'Your network is weak').waitFor({ timeout: TOLD_WITHIN_MS });
  expect(await own(narrow, 'Your network is weak').textContent()).toContain('your-network');
  await onTile(wide, 'Ada').waitFor({ timeout: TOLD_WITHIN_MS });
  // Neither blames the wrong side.
  expect(await onTile(narrow, 'Ben').count()).toBe(0);
  expect(await own(wide, 'Your network is weak').count()).toBe(0);
}

async function troubleIsOver(): Promise<void> {
  await own(narrow, 'Your network is weak').waitFor({ state: 'hidden', timeout: TOLD_WITHIN_MS });
  await onTile(wide, 'Ada').waitFor({ state: 'hidden', timeout: TOLD_WITHIN_MS });
}

beforeAll(async () => {
  lan = await createLanMachines();
  folder = await mkdtemp(join(tmpdir(), 'parley-trouble-'));
  server = lan.host.spawn(process.execPath, [serverFile], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      HOST: lan.host.ipv4,
      PORT: '3000',
      PARLEY_DATA_DIR: folder,
      PARLEY_MEDIA_WORKERS: '1',
      PARLEY_LOG_LEVEL: 'silent',
      MEDIASOUP_WORKER_BIN: await workerBin(),
    },
  });
  if (server.stdout) await once(server.stdout, 'data');
  [narrow, wide] = await Promise.all([
    personOn(lan.guest, 'Ada', looks.red),
    personOn(lan.host, 'Ben', looks.green),
  ]);
  for (const person of [narrow, wide]) await person.join(`http://${lan.host.ipv4}:3000/r/narrow`);
  for (const [person, other] of [
    [narrow, 'Ben'],
    [wide, 'Ada'],
  ] as const)
    await person.tile(other).waitFor();
});

afterAll(async () => {
  await Promise.all([narrow, wide].map((person) => person?.stop()));
  if (server && server.exitCode === null) {
    const exited = once(server, 'exit');
    server.kill('SIGTERM');
    await exited;
  }
  await lan?.remove();
  await rm(folder, { recursive: true, force: true });
});

it('a narrow way down is called "your network" there, "their network" at the other, and neither once it is wide again', async () => {
  await limit(lan.host, '150kbit');
  await bothAreTold();
  await limit(lan.host, undefined);
  await troubleIsOver();
});

it('a narrow way up is called the same', async () => {
  await limit(lan.guest, '150kbit');
  await bothAreTold();
  await narrow.button('Hide this notice').click();
  expect(await own(narrow, 'Your network is weak').count()).toBe(0);
  expect(await narrow.tile('Ada (you)').getByText('Your network').count()).toBe(1);
});
