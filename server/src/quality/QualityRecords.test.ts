/**
 * Owns the tests of records on their way to a disk that is slow, fails or hangs.
 */
import { expect, test, vi } from 'vitest';
import { FakeClock, settled } from '../../test/support/FakeClock.ts';
import type { StoredQuality } from './ports.ts';
import { QualityRecords } from './QualityRecords.ts';

const record = (peerId: string, facts = '{}'): StoredQuality => ({
  room: { tenant: 'acme', roomId: 'r' },
  callId: 'c',
  peerId,
  visitId: 'v',
  publicationId: '',
  userId: 'u',
  updatedAtMs: 1,
  facts,
});

function setUp() {
  const clock = new FakeClock();
  const store = {
    putQuality: vi.fn<(records: readonly StoredQuality[]) => Promise<void>>(async () => undefined),
    qualityOf: async () => [],
    deleteQualityBefore: vi.fn(async () => 0),
  };
  const log = { info: vi.fn(), warn: vi.fn() };
  const records = new QualityRecords({ store, clock, log, retentionDays: 30 });
  const written = () => store.putQuality.mock.calls.flatMap(([batch]) => batch.map(({ facts }) => facts));
  return { clock, store, log, records, written };
}

test('the newest of a key is written once, 2 s after the first, in batches', async () => {
  const { clock, store, records, written } = setUp();
  records.put([record('ada', 'first')]);
  records.put([record('ada', 'second')]);
  await clock.advanceSettling(1999);
  expect(store.putQuality).not.toHaveBeenCalled();
  await clock.advanceSettling(1);
  expect(written()).toEqual(['second']);
  records.put(Array.from({ length: 450 }, (_, index) => record(`p${index}`)));
  await clock.advanceSettling(2000);
  expect(store.putQuality.mock.calls.map(([batch]) => batch.length)).toEqual([1, 200, 200, 50]);
});

test('a disk that hangs holds up nobody: what comes waits, the newest of each, and not without bound', async () => {
  const { clock, store, log, records } = setUp();
  const disk = Promise.withResolvers<void>();
  store.putQuality.mockReturnValueOnce(disk.promise);
  records.put([record('ada', 'old')]);
  await clock.advanceSettling(2000);
  for (let count = 0; count < 25_000; count++) records.put([record(`p${count}`)]);
  records.put([record('ada', 'new')]);
  await clock.advanceSettling(60_000);
  expect(store.putQuality).toHaveBeenCalledTimes(1);
  disk.resolve();
  await clock.advanceSettling(10_000);
  const sizes = store.putQuality.mock.calls.map(([batch]) => batch.length);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(20_001);
  expect(log.warn).toHaveBeenCalledWith({ lost: 5001 }, expect.any(String));
});

test('what a failed write held is written later, unless something newer is there', async () => {
  const { clock, store, records, written } = setUp();
  store.putQuality.mockImplementationOnce(async () => {
    records.put([record('ben', 'newer')]);
    throw new Error('disk full');
  });
  records.put([record('ada', 'kept'), record('ben', 'older')]);
  await clock.advanceSettling(2000);
  store.putQuality.mockClear();
  await clock.advanceSettling(10_000);
  expect(written().sort()).toEqual(['kept', 'newer']);
});

test('the end writes what waits; the sweep runs at the start and every hour, and a failure is no end of it', async () => {
  const { clock, store, records, written } = setUp();
  store.deleteQualityBefore.mockRejectedValueOnce(new Error('busy'));
  await clock.advanceSettling(3 * 3_600_000);
  expect(store.deleteQualityBefore).toHaveBeenCalledTimes(4);
  expect(store.deleteQualityBefore).toHaveBeenLastCalledWith(clock.now() - 30 * 86_400_000);
  records.put([record('ada', 'last')]);
  await records.close();
  await settled();
  expect(written()).toEqual(['last']);
  expect(clock.pending).toBe(0);
});
