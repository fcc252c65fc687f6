/** Tests: redaction, levels and bound ids of the log. */
import { expect, test } from 'vitest';
import { createLogger } from './log.ts';

const capture = (level: string) => {
  const lines: string[] = [];
  const log = createLogger(level, { write: (line) => lines.push(line) });
  return { log, text: () => lines.join('') };
};

test('secrets never reach a log line, at any depth that our lines have', () => {
  const { log, text } = capture('info');
  log.info({ token: 'S1', hello: { resumeToken: 'S2' }, a: { turn: { credential: 'S3' } } }, 'request');
  log.child({ secret: 'S4' }).info({ headers: { authorization: 'S5', cookie: 'S6' } }, 'http');
  log.info({ data: { dtlsParameters: { fingerprints: ['S7'] }, iceParameters: { password: 'S8' } } }, 'dtls');
  expect(text()).not.toMatch(/S\d/);
  expect(text()).toContain('[redacted]');
});

test('ids bound in a child are on each of its lines, and lines below the level are dropped', () => {
  const { log, text } = capture('warn');
  const child = log.child({ roomId: 'blue' });
  child.info('dropped');
  child.warn('kept');
  expect(JSON.parse(text())).toMatchObject({ roomId: 'blue', msg: 'kept' });
});
