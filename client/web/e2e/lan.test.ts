/**
 * What people on another machine of the LAN see of `npm start -- --lan`: their Chromium has a network namespace of its own,
 * reaches the server over a cable only, and trusts nothing but the local CA.
 */
import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { LanServer } from '../../../server/test/support/LanServer.ts';
import { createLanMachines, type LanMachines } from '../../../server/test/support/lanMachines.ts';
import { looks } from './support/fakeMedia.ts';
import { Person } from './support/Person.ts';
import { sumRtp, tileColour } from './support/probes.ts';
import { Visitor } from './support/Visitor.ts';

/** The script that starts a Chromium on the guest's machine; people and visitors of this file use it for theirs. */
const { launcher } = vi.hoisted(() => ({ launcher: `/tmp/parley-lan-${process.pid}/chromium` }));
vi.mock(import('./support/chromium.ts'), async (original) => ({
  ...(await original()),
  chromiumPath: launcher,
}));

let lan: LanMachines;
let server: LanServer;
const people: Person[] = [];

/**
 * Writes the launcher. The CA comes by an administrator's policy: over Debian's folder for them lies one of our own, in a mount
 * namespace that only this Chromium sees. So the browser checks the certificate as it does for whoever installed the CA.
 */
async function writeLauncher(caFile: string): Promise<void> {
  const settings = join(dirname(launcher), 'settings');
  const policies = join(settings, 'policies', 'managed');
  await mkdir(policies, { recursive: true });
  const ca = new X509Certificate(await readFile(caFile)).raw.toString('base64');
  await writeFile(join(policies, 'ca.json'), JSON.stringify({ CACertificates: [ca] }));
  const { chromiumPath } =
    await vi.importActual<typeof import('./support/chromium.ts')>('./support/chromium.ts');
  const start = `mount --bind '${settings}' /etc/chromium && exec '${chromiumPath}' "$@"`;
  const script = `#!/bin/sh\nstart=$(cat <<'END'\n${start}\nEND\n)\nexec ${lan.guest.prefix.join(' ')} unshare --mount sh -c "$start" chromium "$@"\n`;
  await writeFile(launcher, script, { mode: 0o755 });
}

/** Addresses of the server to which media really flows, one per connected transport. */
function mediaAddresses(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const addresses: string[] = [];
    for (const connection of window.parleyProbe.connections) {
      const stats = await connection.getStats();
      for (const report of stats.values()) {
        const pair = report.type === 'transport' && stats.get(report.selectedCandidatePairId);
        if (pair) addresses.push(stats.get(pair.remoteCandidateId)?.address);
      }
    }
    return addresses;
  });
}

beforeAll(async () => {
  lan = await createLanMachines();
  server = await LanServer.start(lan.host);
  await writeLauncher(server.caFile);
});

afterAll(async () => {
  await Promise.all(people.map((person) => person.stop()));
  await server?.stop();
  await lan?.remove();
  await rm(dirname(launcher), { recursive: true, force: true });
});

it('names cause and mend on plain HTTP, and leads to HTTPS', async () => {
  const visitor = await Visitor.start();
  try {
    const page = await visitor.open(`http://${lan.host.ipv4}:3000/r/lan#token=x.y.z`);
    expect(await page.evaluate(() => window.isSecureContext)).toBe(false);
    const notice = page.getByRole('status').filter({ hasText: 'This address is not secure' });
    const link = notice.getByRole('link', { name: `Open https://${lan.host.ipv4}:3443` });
    expect(await link.getAttribute('href')).toBe(`https://${lan.host.ipv4}:3443/r/lan#token=x.y.z`);
    await link.click();
    await page.waitForURL(`https://${lan.host.ipv4}:3443/r/lan`);
    await expect.poll(() => tileColour(page.getByRole('main')), { timeout: 30_000 }).toBeDefined();
    expect(visitor.complaints).toEqual([]);
  } finally {
    await visitor.stop();
  }
});

it('shows people their camera over HTTPS, and carries a call over the cable', async () => {
  const ada = await Person.start('Ada', looks.red);
  const ben = await Person.start('Ben', looks.green);
  people.push(ada, ben);
  const room = { ada: `https://${lan.host.ipv4}:3443/r/lan`, ben: `https://[${lan.host.ipv6}]:3443/r/lan` };
  await ada.page.goto(room.ada);
  await expect.poll(() => tileColour(ada.page.getByRole('main')), { timeout: 30_000 }).toBeDefined();
  expect(await ada.page.getByText('This address is not secure').count()).toBe(0);

  await ada.join(room.ada);
  await ben.join(room.ben);
  await ada.sees(ben);
  await ben.sees(ada);
  await ada.hears(ben);
  await ben.hears(ada);
  for (const person of [ada, ben]) {
    const before = await sumRtp(person.page, 'inbound-rtp', 'video', 'framesDecoded');
    await expect
      .poll(() => sumRtp(person.page, 'inbound-rtp', 'video', 'framesDecoded'), { timeout: 10_000 })
      .toBeGreaterThan(before + 10);
    const addresses = await mediaAddresses(person.page);
    expect(addresses).toHaveLength(2);
    for (const address of addresses) expect([lan.host.ipv4, lan.host.ipv6]).toContain(address);
    expect(person.complaints).toEqual([]);
  }
});

it('lets people watch, listen and write on plain HTTP', async () => {
  const [ada] = people as [Person, Person];
  // Without a secure context mediasoup-client has only this name to go by, and does not know the headless one.
  const userAgent = `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36`;
  const cem = await Person.start('Cem', looks.blue, { args: [`--user-agent=${userAgent}`] });
  people.push(cem);
  await cem.join(`http://${lan.host.ipv4}:3000/r/lan`);
  await cem.sees(ada);
  await cem.hears(...people.filter((other) => other !== cem));
  await cem.button('Chat').click();
  await cem.page.getByRole('textbox', { name: 'Message' }).fill('from plain HTTP');
  await cem.page.keyboard.press('Enter');
  await ada.button('Chat').click();
  await ada.page.getByRole('log', { name: 'Chat messages' }).getByText('from plain HTTP').waitFor();
});
