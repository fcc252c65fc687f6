/**
 * A real Chromium visits beside the bots: it sees their pictures, so what bots send can be decoded.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ServerProcess } from '../../server/test/support/serverProcess.ts';
import { testKey } from '../../server/test/support/tokens.ts';
import { reported } from '../test/support/loadtest.ts';

let server: ServerProcess;
beforeAll(async () => {
  server = await ServerProcess.start({
    environment: { PARLEY_API_KEYS: `${testKey.key}:${testKey.secret}` },
  });
});
afterAll(() => server.stop());

test('probe: Chromium joins with a token and sees the bots', async () => {
  const { code, stdout, report } = await reported(
    ...['probe', '--url', server.url, '--token-key', `${testKey.key}:${testKey.secret}`],
    ...[
      '--publishers',
      '2',
      '--subscribers',
      '1',
      '--speech',
      'continuous',
      '--visits',
      '2',
      '--duration',
      '3',
    ],
    ...['--assert', 'probeFailures==0'],
  );
  expect(report.figures, stdout).toMatchObject({ probeJoins: 2, probeFailures: 0, tracksPercent: 100 });
  expect(report.latencies.probeFirstFrame?.count).toBe(2);
  expect(report.figures.probeFrozenMs).toBeLessThan(3000);
  expect(code).toBe(0);
});
