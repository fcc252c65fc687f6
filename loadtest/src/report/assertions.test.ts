/**
 * What `--assert` understands, what it refuses and how it says so, and what holds.
 */
import { describe, expect, test } from 'vitest';
import { Assertion, check } from './assertions.ts';

const holds = (expression: string, figures: Record<string, number | null>): boolean | undefined =>
  check([Assertion.parse(expression)], figures)[0]?.passed;

describe('an assertion', () => {
  test.each([
    ['joinP95Ms<1000', 999, true],
    ['joinP95Ms<1000', 1000, false],
    ['joinP95Ms<=1000', 1000, true],
    ['joinP95Ms > 0.5', 0.6, true],
    ['joinP95Ms>=2', 1, false],
    ['joinP95Ms == 7', 7, true],
    [' joinP95Ms != 7 ', 7, false],
    ['joinP95Ms>-1', 0, true],
  ])('%s for %d: %s', (expression, value, expected) => {
    expect(holds(expression, { joinP95Ms: value })).toBe(expected);
  });

  test('holds for nothing that was not measured', () => {
    expect(holds('chatLost==0', { chatLost: null })).toBe(false);
    expect(check([Assertion.parse('chatLost==0')], {})).toEqual([
      { expression: 'chatLost==0', passed: false, actual: null },
    ]);
  });

  test.each([
    ['joinP95<1000', 'there is no figure "joinP95" (did you mean joinP95Ms?); see --help'],
    ['lostPercent<1', 'there is no figure "lostPercent" (did you mean lossPercent?); see --help'],
    ['constructor<1', 'there is no figure "constructor"; see --help'],
    ['joinP95Ms', '"joinP95Ms" must have the form FIGURE<NUMBER, with < <= > >= == or !='],
    ['joinP95Ms=>1', '"joinP95Ms=>1" must have the form FIGURE<NUMBER, with < <= > >= == or !='],
    ['joinP95Ms<1s', '"joinP95Ms<1s" must have the form FIGURE<NUMBER, with < <= > >= == or !='],
  ])('%s is refused: %s', (expression, message) => {
    expect(Assertion.safeParse(expression).error?.issues[0]?.message).toBe(message);
  });
});
