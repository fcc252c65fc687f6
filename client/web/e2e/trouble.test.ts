/**
 * Whose network is in the way, told to both sides: one person's Chromium lies behind a link that is made narrow on the way down, then on
 * the way up; and what becomes of sound meanwhile. Two machines of network namespaces, `tbf` between them; needs root, and fails without.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { looks } from './support/fakeMedia.ts';
import { LanCall } from './support/LanCall.ts';
import type { Person } from './support/Person.ts';
import { playedSound } from './support/probes.ts';

const TOLD_WITHIN_MS = 60_000;

/** Of the sound that is played in a second: so little is not heard. */
const MADE_UP = 0.05;
/** Of somebody who talks, with pauses, in a second. */
const TALK_PACKETS = 20;
const WHOLE_SECONDS = 5;

let call: LanCall;
let narrow: Person;
let wide: Person;

const own = (person: Person, text: string) => person.page.getByRole('status').filter({ hasText: text });
const onTile = (person: Person, tile: string) => person.tile(tile).getByText('Their network is weak');

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
  call = await LanCall.start();
  [narrow, wide] = await Promise.all([
    call.person('guest', 'Ada', looks.red),
    call.person('host', 'Ben', looks.green),
  ]);
  for (const person of [narrow, wide]) await person.join(`${call.url}/r/narrow`);
  for (const [person, other] of [
    [narrow, 'Ben'],
    [wide, 'Ada'],
  ] as const)
    await person.tile(other).waitFor();
});

afterAll(() => call?.stop());

it('a narrow way down is called "your network" there, "their network" at the other, and neither once it is wide again', async () => {
  await call.limit('host', '150kbit');
  await bothAreTold();
  await call.limit('host', undefined);
  await troubleIsOver();
});

it('sound comes through 100 kbit/s', async ({ annotate }) => {
  await call.limit('host', '100kbit');
  const startedAt = performance.now();
  let wholeSeconds = 0;
  const lastsWhole = async () => {
    const before = await playedSound(narrow.page);
    await narrow.page.waitForTimeout(1_000);
    const after = await playedSound(narrow.page);
    const share = (after.madeUp - before.madeUp) / (after.samples - before.samples);
    const isWhole = share < MADE_UP && after.packets - before.packets > TALK_PACKETS;
    wholeSeconds = isWhole ? wholeSeconds + 1 : 0;
    return wholeSeconds;
  };
  await expect.poll(lastsWhole, { timeout: TOLD_WITHIN_MS, interval: 0 }).toBe(WHOLE_SECONDS);
  const tookS = (performance.now() - startedAt) / 1_000 - WHOLE_SECONDS;
  await annotate(`whole after ${tookS.toFixed(1)} s`);
  await call.limit('host', undefined);
  await troubleIsOver();
});

it('a narrow way up is called the same', async () => {
  await call.limit('guest', '150kbit');
  await bothAreTold();
  await narrow.button('Hide this notice').click();
  expect(await own(narrow, 'Your network is weak').count()).toBe(0);
  expect(await narrow.tile('Ada (you)').getByText('Your network is weak').count()).toBe(1);
});
