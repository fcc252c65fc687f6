/**
 * A call between two people who may use nothing but a TURN relay, through a real coturn.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startCoturn } from '../../../server/test/support/coturn.ts';
import { ServerProcess } from '../../../server/test/support/serverProcess.ts';
import { looks } from './support/fakeMedia.ts';
import { Person } from './support/Person.ts';
import { selectedPaths } from './support/probes.ts';
import { watchReports } from './support/reports.ts';

const secret = 'a-secret-of-this-test-only-0123456789';
let coturn: Awaited<ReturnType<typeof startCoturn>>;
let server: ServerProcess;
let people: [Person, Person];

beforeAll(async () => {
  coturn = await startCoturn({ secret });
  server = await ServerProcess.start({
    environment: { PARLEY_TURN_URLS: coturn.urls.join(','), PARLEY_TURN_SECRET: secret },
  });
  people = await Promise.all([
    Person.start('Ada', looks.red, { relayOnly: true }),
    Person.start('Ben', looks.green, { relayOnly: true }),
  ]);
});

afterAll(async () => {
  await Promise.all((people ?? []).map((person) => person.stop()));
  await server?.stop();
  await coturn?.stop();
});

it('carries picture and sound over relay candidates only', async () => {
  const [ada, ben] = people;
  const reports = watchReports(ada.page);
  for (const person of people) await person.join(`${server.url}/r/relayed`);
  await ada.sees(ben);
  await ben.sees(ada);
  await ada.hears(ben);
  await ben.hears(ada);
  for (const person of people) {
    const paths = await selectedPaths(person.page);
    expect(paths.length).toBeGreaterThan(0);
    expect(new Set(paths)).toEqual(new Set(['relay']));
  }
  // As the record of the call has it.
  const told = { sendPath: 'relay', recvPath: 'relay' };
  await expect.poll(() => reports.at(-1), { timeout: 20_000 }).toMatchObject(told);
});
