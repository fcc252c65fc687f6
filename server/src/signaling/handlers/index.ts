/**
 * Owns the ONE table of request handlers: a request of the protocol without a handler does not compile.
 * Does not own any handler.
 */
import type { RequestName } from '@parley/protocol';
import { chatHandlers } from './chat.ts';
import { moderationHandlers } from './moderation.ts';
import { publicationHandlers } from './publications.ts';
import { qualityHandlers } from './quality.ts';
import { seatHandlers } from './seat.ts';
import { subscriptionHandlers } from './subscriptions.ts';
import { transportHandlers } from './transports.ts';
import type { HandlersOf } from './types.ts';

/** name -> handler. */
export const handlers: HandlersOf<RequestName> = {
  ...seatHandlers,
  ...transportHandlers,
  ...publicationHandlers,
  ...subscriptionHandlers,
  ...chatHandlers,
  ...moderationHandlers,
  ...qualityHandlers,
};
