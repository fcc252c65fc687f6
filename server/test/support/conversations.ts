/**
 * Owns what the chat tests build on: messages, a silent log, a data folder per test.
 * Does not own any expectation.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ChatLog, NewMessage } from '../../src/chat/ports.ts';
import { uuidv7 } from './conversationIds.ts';

/** A message by Ada, with a fresh id. */
export const messageIn = (conversationId: string, overrides: Partial<NewMessage> = {}): NewMessage => ({
  conversationId,
  messageId: uuidv7(),
  senderId: 'ada',
  senderName: 'Ada',
  text: 'hello',
  sentAtMs: 1_000_000,
  ...overrides,
});

/** Says nothing. */
export const silentLog: ChatLog = { info: () => {}, warn: () => {}, error: () => {} };

/** A folder that goes when the test has finished. */
export const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-chat-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};
