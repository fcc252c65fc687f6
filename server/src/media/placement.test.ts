/** Tests: which worker a seat gets, as a pure function of what the workers have to do. */
import { expect, test } from 'vitest';
import { chooseWorker, type Place } from './placement.ts';

/** `[share of a core, seats, seats of the room, whether it sheds]` of each worker; gives the index that is chosen. */
function chosen(...workers: [number, number, number, boolean?][]): number {
  const [first, ...others] = workers.map(
    ([cpuShare, seats, seatsOfRoom, sheds = false]): Place => ({ cpuShare, seats, seatsOfRoom, sheds }),
  );
  if (!first) throw new Error('no worker');
  const places = [first, ...others] as const;
  return places.indexOf(chooseWorker(places));
}

test('a new room goes to the least loaded worker', () => {
  expect(chosen([0.3, 10, 0], [0.1, 10, 0], [0.2, 1, 0])).toBe(1);
});

test('with nothing to measure yet, seats count', () => {
  expect(chosen([0, 2, 0], [0, 0, 0])).toBe(1);
});

test('a small room stays on its worker, however idle the others are', () => {
  expect(chosen([0.45, 20, 20], [0, 0, 0])).toBe(0);
});

test('a room whose worker has enough to do spreads', () => {
  expect(chosen([0.5, 20, 20], [0, 0, 0])).toBe(1);
});

test('in a rush of joins a room spreads before anything can be measured', () => {
  let seats: [number, number] = [0, 0];
  for (let i = 0; i < 200; i += 1) {
    const next = chosen([0.01, seats[0], seats[0]], [0.01, seats[1], seats[1]]);
    seats = next === 0 ? [seats[0] + 1, seats[1]] : [seats[0], seats[1] + 1];
  }
  expect(seats).toEqual([100, 100]);
});

test('a spread room fills the workers that it uses before it takes another', () => {
  expect(chosen([0.6, 20, 20], [0.2, 8, 8], [0, 0, 0])).toBe(1);
});

test('a room does not spread to a worker that has about as much to do', () => {
  expect(chosen([0.6, 20, 20], [0.5, 30, 0])).toBe(0);
  expect(chosen([0.6, 20, 20], [0.4, 30, 0])).toBe(1);
});

test('where every worker is full, the least loaded one of the room goes on', () => {
  expect(chosen([0.9, 50, 50], [0.8, 50, 50], [0.85, 50, 0])).toBe(1);
});

test('a worker that sheds is the last choice, whatever its share of a core looks like', () => {
  expect(chosen([0.1, 2, 0, true], [0.9, 150, 0])).toBe(1);
  expect(chosen([0.1, 2, 2, true], [0.9, 150, 0])).toBe(1);
  expect(chosen([0.9, 150, 0, true], [0.1, 2, 0, true])).toBe(1);
});
