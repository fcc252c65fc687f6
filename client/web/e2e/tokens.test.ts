/**
 * A call of an integrator's users: tokens in the link's fragment, a host who moderates, and somebody without a token.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ServerProcess } from '../../../server/test/support/serverProcess.ts';
import { mintToken, testKey } from '../../../server/test/support/tokens.ts';
import { looks } from './support/fakeMedia.ts';
import { Person } from './support/Person.ts';

let server: ServerProcess;
let host: Person;
let guest: Person;
let viewer: Person;

const linkOf = async (sub: string, role: string) =>
  `${server.url}/r/board#token=${await mintToken({ sub, role, room: 'board' })}`;

beforeAll(async () => {
  server = await ServerProcess.start({
    environment: { PARLEY_API_KEYS: `${testKey.key}:${testKey.secret}` },
  });
  [host, guest, viewer] = await Promise.all([
    Person.start('Ada', looks.red),
    Person.start('Ben', looks.green),
    Person.start('Cleo', looks.blue),
  ]);
});

afterAll(async () => {
  await Promise.all([host, guest, viewer].map((person) => person?.stop()));
  await server?.stop();
});

it('[TOKEN2] refuses who has no token, with a cause', async () => {
  const { page } = guest;
  await page.goto(`${server.url}/r/board`);
  await page.getByRole('textbox', { name: 'Your name' }).fill('Ben');
  await guest.button('Join').click();
  await page.getByRole('alert').first().waitFor();
  expect(await guest.tileNames()).toEqual([]);
});

it('lets in who has one, also in a tab that shows the room already, and leaves it in no address', async () => {
  await host.join(await linkOf('ada', 'host'));
  await guest.join(await linkOf('ben', 'speaker'));
  await host.sees(guest);
  for (const { page } of [host, guest]) expect(page.url()).toBe(`${server.url}/r/board`);
  expect(server.output).not.toContain('eyJ');
});

it('[MOD1] gives the controls to hosts only, and they work', async () => {
  await guest.tile('Ada').hover();
  expect(await guest.page.getByRole('button', { name: 'Mute Ada' }).count()).toBe(0);

  await host.tile('Ben').hover();
  await host.button('Mute Ben').click();
  await guest.button('Unmute').waitFor();
});

it('[VIEWER2] counts who only watches, and shows them nobody but to themselves', async () => {
  const { page } = viewer;
  await page.goto(await linkOf('cleo', 'viewer'));
  await page.getByRole('textbox', { name: 'Your name' }).fill('Cleo');
  await viewer.button('Join').click();
  await viewer.tile('Cleo (you)').waitFor();
  for (const person of [host, guest, viewer]) await person.page.getByText('1 watching').first().waitFor();
  expect(await host.tileNames()).toEqual(['Ada (you)', 'Ben']);
  await host.button('Participants').click();
  const panel = host.page.getByRole('complementary', { name: 'Participants' });
  await panel.getByText('1 watching').waitFor();
  expect(await panel.getByText('Cleo').count()).toBe(0);
  await host.page.keyboard.press('Escape');

  await page.close();
  await host.page.getByText('1 watching').waitFor({ state: 'detached' });
});

it('[MOD2] removes somebody, who cannot come back with the same token', async () => {
  await host.tile('Ben').hover();
  await host.button('Remove Ben').click();
  await host.page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click();
  await host.tile('Ben').waitFor({ state: 'detached' });
  await guest.page.getByText('You were removed from the call').waitFor();

  await guest.page.goto(await linkOf('ben', 'speaker'));
  await guest.page.getByRole('textbox', { name: 'Your name' }).fill('Ben');
  await guest.button('Join').click();
  await guest.page.getByText('A host removed you').waitFor();
  expect(await host.tileNames()).toEqual(['Ada (you)']);
});
