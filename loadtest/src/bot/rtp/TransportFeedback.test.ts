/**
 * Owns the tests of transport-cc feedback, read back as the draft describes it.
 */
import { expect, test } from 'vitest';
import { TransportFeedback } from './TransportFeedback.ts';

/** Sequence number and arrival (in ms modulo the reference's range) of each packet told of; undefined: not received. */
function read(packet: Uint8Array): Map<number, number | undefined> {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  expect([packet[0], packet[1]]).toEqual([0x8f, 205]);
  expect(view.getUint16(2)).toBe(packet.length / 4 - 1);
  const [base, count] = [view.getUint16(12), view.getUint16(14)];
  let time = (view.getUint32(16) >> 8) * 64;
  let at = 20 + 2 * Math.ceil(count / 7);
  const told = new Map<number, number | undefined>();
  for (let index = 0; index < count; index += 1) {
    const chunk = view.getUint16(20 + 2 * Math.floor(index / 7));
    expect(chunk >> 14).toBe(3);
    const symbol = (chunk >> (12 - 2 * (index % 7))) & 3;
    if (symbol === 1) time += view.getUint8(at) / 4;
    if (symbol === 2) time += view.getInt16(at) / 4;
    at += symbol;
    told.set((base + index) & 0xffff, symbol === 0 ? undefined : time);
  }
  return told;
}

const take = (feedback: TransportFeedback): Map<number, number | undefined> => {
  const packet = new Uint8Array(1400);
  return read(packet.slice(0, feedback.write(packet, 1, 2)));
};

test('tells when each packet came, and which did not', () => {
  const feedback = new TransportFeedback();
  feedback.arrived(65_534, 1000);
  feedback.arrived(65_535, 1000.25);
  feedback.arrived(2, 1010);
  feedback.arrived(1, 1100);
  feedback.arrived(3, 1101);
  expect([...take(feedback)]).toEqual([
    [65_534, 1000],
    [65_535, 1000.25],
    [0, undefined],
    [1, 1100],
    [2, 1010],
    [3, 1101],
  ]);
  expect(feedback.pending).toBe(false);
});

test('goes on where the last one ended, and names what was missing since', () => {
  const feedback = new TransportFeedback();
  feedback.arrived(10, 5000);
  take(feedback);
  feedback.arrived(12, 5100);
  // Told of already: it stays told.
  feedback.arrived(9, 5101);
  expect([...take(feedback)]).toEqual([
    [11, undefined],
    [12, 5100],
  ]);
});

test('many packets take several feedbacks', () => {
  const feedback = new TransportFeedback();
  for (let sequence = 0; sequence < 1000; sequence += 1) feedback.arrived(sequence, 2000 + sequence / 2);
  const told = [take(feedback), take(feedback), take(feedback)];
  expect(feedback.pending).toBe(false);
  expect(told.map(({ size }) => size)).toEqual([400, 400, 200]);
  expect(told[2]?.get(999)).toBe(2499.5);
});
