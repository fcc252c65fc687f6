/**
 * Owns `--assert`: what an expression is, and whether it holds for the figures of a run.
 * Does not own the figures.
 */
import * as z from 'zod';
import { type FigureName, figureTable, isFigureName } from './figureTable.ts';
import { nearest } from './nearest.ts';
import type { Report } from './schema.ts';

const comparisons = {
  '<=': (a, b) => a <= b,
  '>=': (a, b) => a >= b,
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
} satisfies Record<string, (a: number, b: number) => boolean>;

const FORM = /^\s*([A-Za-z0-9]+)\s*(<=|>=|==|!=|<|>)\s*(-?\d+(?:\.\d+)?)\s*$/;

/** An expression that was understood. */
export interface Assertion {
  readonly expression: string;
  readonly figure: FigureName;
  readonly holds: (actual: number) => boolean;
}

/** Understands `joinP95Ms<1000`; a figure that does not exist is refused with the nearest that does. */
export const Assertion = z.string().transform((expression, context): Assertion => {
  const [, figure = '', operator = '', number = ''] = FORM.exec(expression) ?? [];
  const compare = Object.entries(comparisons).find(([sign]) => sign === operator)?.[1];
  if (!compare) {
    context.addIssue(`"${expression}" must have the form FIGURE<NUMBER, with < <= > >= == or !=`);
    return z.NEVER;
  }
  if (!isFigureName(figure)) {
    const guess = nearest(figure, Object.keys(figureTable));
    context.addIssue(`there is no figure "${figure}"${guess ? ` (did you mean ${guess}?)` : ''}; see --help`);
    return z.NEVER;
  }
  return { expression, figure, holds: (actual) => compare(actual, Number(number)) };
});

/** Checks all. A figure that was not measured holds for nothing. */
export function check(assertions: readonly Assertion[], figures: Report['figures']): Report['assertions'] {
  return assertions.map(({ expression, figure, holds }) => {
    const actual = figures[figure] ?? null;
    return { expression, passed: actual !== null && holds(actual), actual };
  });
}
