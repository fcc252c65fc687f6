/** Tests: the ports that pipes between workers may take. What goes through pipes: server/test/integration/mediaPipes.test.ts. */
import { expect, test } from 'vitest';
import { pipePorts } from './WorkerPipes.ts';

test('pipes stay off the ports of the workers', () => {
  expect(pipePorts({ first: 20_000, count: 4 })).toEqual({ min: 61_000, max: 65_535 });
  expect(pipePorts({ first: 0, count: 4 })).toEqual({ min: 61_000, max: 65_535 });
  expect(pipePorts({ first: 61_000, count: 8 })).toEqual({ min: 61_008, max: 65_535 });
  expect(pipePorts({ first: 65_000, count: 64 })).toEqual({ min: 61_000, max: 64_999 });
  expect(pipePorts({ first: 65_535, count: 1 })).toEqual({ min: 61_000, max: 65_534 });
});
