import { expect, it } from 'vitest';
import { createReporter } from './report.mjs';

function recorded(isTTY: boolean) {
  let text = '';
  const reporter = createReporter({ isTTY, write: (piece: string) => (text += piece) });
  return { reporter, text: () => text };
}

it('without a terminal: a line every 10 %, however many steps there are', () => {
  const { reporter, text } = recorded(false);
  for (let step = 1; step <= 261; step += 1) reporter.progress('Building', step, 261);
  const lines = text().trimEnd().split('\n');
  expect(lines).toHaveLength(11);
  expect(lines[0]).toBe('  Building: 1 of 261 steps, 0 %');
  expect(lines.at(-1)).toBe('  Building: 261 of 261 steps, 100 %');
});

it('on a terminal: one line that updates, cleared by the next finished line', () => {
  const { reporter, text } = recorded(true);
  reporter.progress('Building', 1, 4);
  reporter.progress('Building', 2, 4);
  reporter.say('Done');
  expect(text()).toBe(
    '\r\x1b[K  Building: 1 of 4 steps, 25 %\r\x1b[K  Building: 2 of 4 steps, 50 %\r\x1b[KDone\n',
  );
});
