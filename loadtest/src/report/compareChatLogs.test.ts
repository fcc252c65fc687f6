/**
 * Any honest set of logs is without fault; any fault that is put into it is found, exactly as often as it was put in.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ChatLog } from '../process/messages.ts';
import { compareChatLogs } from './compareChatLogs.ts';

type Received = ChatLog['received'][number];

const idOf = (seq: number): string => `message-${seq}`;
const receipt = (seq: number): Received => ({
  messageId: idOf(seq),
  seq,
  atMs: seq * 10 + 7,
  live: true,
  intact: true,
});

/** One conversation as it should be: each message by one of the writers, everybody gets all since they came. */
function honest(authors: readonly number[], cameAfter: readonly number[], conversationId = 'c1'): ChatLog[] {
  return cameAfter.map((came, member) => {
    const joinedAtSeq = Math.min(came, authors.length);
    const own = authors.flatMap((author, index) => (author % cameAfter.length === member ? [index + 1] : []));
    return {
      botId: `bot-${member}`,
      roomId: 'room',
      conversationId,
      joinedAtSeq,
      sent: own.map((seq) => ({
        messageId: idOf(seq),
        sentAtMs: seq * 10,
        stored: { seq, atMs: seq * 10 + 3 },
      })),
      received: authors.map((_, index) => receipt(index + 1)).filter(({ seq }) => seq > joinedAtSeq),
    };
  });
}

const anyConversation = fc
  .record({
    authors: fc.array(fc.nat(9), { minLength: 2, maxLength: 40 }),
    cameAfter: fc.array(fc.nat(10), { minLength: 1, maxLength: 6 }),
  })
  // Somebody is there from the beginning: who writes is.
  .map(({ authors, cameAfter }) => honest(authors, [0, ...cameAfter]));

const faultless = {
  lost: 0,
  duplicated: 0,
  disordered: 0,
  contradicted: 0,
  altered: 0,
  repaired: 0,
  faults: [],
};

/** An honest conversation, and a choice of deliveries in it. */
const withDeliveries = fc.tuple(anyConversation, fc.infiniteStream(fc.boolean())).map(([logs, choice]) => {
  const all = logs.flatMap((log, member) => log.received.map(({ seq }) => ({ member, seq })));
  const picks = all.filter(() => choice.next().value === true);
  return { logs, picks };
});
const isPicked = (picks: readonly { member: number; seq: number }[], member: number, seq: number): boolean =>
  picks.some((pick) => pick.member === member && pick.seq === seq);

test('finds no fault with honest logs, and counts what was due', () => {
  fc.assert(
    fc.property(anyConversation, (logs) => {
      const expected = logs.reduce((sum, { received }) => sum + received.length, 0);
      const verdict = compareChatLogs(logs);
      expect(verdict).toMatchObject({ ...faultless, expected, delivered: expected });
      expect(new Set(verdict.deliveryMs)).toEqual(new Set(expected > 0 ? [7] : []));
      expect(new Set(verdict.ackMs)).toEqual(new Set([3]));
    }),
  );
});

test('counts every delivery that is missing as lost, and nothing else', () => {
  fc.assert(
    fc.property(withDeliveries, ({ logs, picks }) => {
      const broken = logs.map((log, member) => ({
        ...log,
        received: log.received.filter(({ seq }) => !isPicked(picks, member, seq)),
      }));
      const { lost, delivered, expected, duplicated, disordered, contradicted } = compareChatLogs(broken);
      expect({ lost, duplicated, disordered, contradicted }).toEqual({
        ...{ lost: picks.length, duplicated: 0, disordered: 0, contradicted: 0 },
      });
      expect(delivered + lost).toBe(expected);
    }),
  );
});

test('counts every second push as a duplicate, and nothing else', () => {
  fc.assert(
    fc.property(withDeliveries, ({ logs, picks }) => {
      const broken = logs.map((log, member) => ({
        ...log,
        received: log.received.flatMap((one) => (isPicked(picks, member, one.seq) ? [one, one] : [one])),
      }));
      expect(compareChatLogs(broken)).toMatchObject({
        ...faultless,
        duplicated: picks.length,
        faults: expect.anything(),
      });
    }),
  );
});

test('counts what only the history brought as repaired, which is no fault', () => {
  fc.assert(
    fc.property(withDeliveries, ({ logs, picks }) => {
      const repaired = logs.map((log, member) => ({
        ...log,
        received: log.received.map((one) => ({ ...one, live: !isPicked(picks, member, one.seq) })),
      }));
      expect(compareChatLogs(repaired)).toMatchObject({ ...faultless, repaired: picks.length });
    }),
  );
});

test('counts altered texts', () => {
  fc.assert(
    fc.property(withDeliveries, ({ logs, picks }) => {
      const altered = logs.map((log, member) => ({
        ...log,
        received: log.received.map((one) => ({ ...one, intact: !isPicked(picks, member, one.seq) })),
      }));
      expect(compareChatLogs(altered).altered).toBe(picks.length);
    }),
  );
});

test('counts a push behind a later one as disordered, once', () => {
  fc.assert(
    fc.property(anyConversation, fc.nat(), (logs, where) => {
      const [first, ...others] = logs;
      const received = first?.received ?? [];
      const index = where % Math.max(1, received.length - 1);
      const [earlier, later] = [received[index], received[index + 1]];
      fc.pre(first !== undefined && earlier !== undefined && later !== undefined);
      const swapped = received.with(index, later).with(index + 1, earlier);
      expect(compareChatLogs([{ ...first, received: swapped }, ...others])).toMatchObject({
        ...faultless,
        disordered: 1,
        faults: [expect.stringContaining(`message ${earlier.seq} after ${later.seq}`)],
      });
    }),
  );
});

test('knows conversations apart: faults of one are no faults of another', () => {
  fc.assert(
    fc.property(anyConversation, (logs) => {
      const other = logs.map((log) => ({ ...log, conversationId: 'c2' }));
      const [one, both] = [compareChatLogs(logs), compareChatLogs([...logs, ...other])];
      expect(both).toMatchObject({ ...faultless, expected: 2 * one.expected, delivered: 2 * one.delivered });
    }),
  );
});

test('finds messages that are stored in another order than they were written, twice, or differently', () => {
  const [writer, reader] = honest([0, 0, 0], [0, 0]);
  if (!writer || !reader) throw new Error('two logs');
  const [one, two, three] = writer.sent;
  if (!one || !two || !three) throw new Error('three messages');
  const swapped = { ...writer, sent: [two, one, three] };
  expect(compareChatLogs([swapped, reader])).toMatchObject({ disordered: 1, contradicted: 0 });

  const again = { ...receipt(4), messageId: idOf(1) };
  const twice = { ...reader, received: [...reader.received, again] };
  expect(compareChatLogs([writer, twice])).toMatchObject({ duplicated: 1, contradicted: 0 });

  const foreign = { ...receipt(2), messageId: 'another' };
  const differing = { ...reader, received: reader.received.with(1, foreign) };
  expect(compareChatLogs([writer, differing])).toMatchObject({ contradicted: 1, lost: 0 });
});

test('a position that nobody has is a contradiction; a message that was never acknowledged is owed to nobody', () => {
  const [writer, reader] = honest([0, 0, 0], [0, 0]);
  if (!writer || !reader) throw new Error('two logs');
  const withoutTwo = ({ received, ...log }: ChatLog): ChatLog => ({
    ...log,
    sent: log.sent.map(({ stored, ...one }) => (stored && stored.seq !== 2 ? { ...one, stored } : one)),
    received: received.filter(({ seq }) => seq !== 2),
  });
  expect(compareChatLogs([withoutTwo(writer), withoutTwo(reader)])).toMatchObject({
    sent: 3,
    stored: 2,
    contradicted: 1,
    lost: 0,
    faults: ['nobody has a message 2'],
  });
});

test('nothing at all is without fault', () => {
  expect(compareChatLogs([])).toMatchObject({ ...faultless, expected: 0 });
});
