/**
 * Owns how a call can end, as the pages around it see it. Does not own the words for it.
 */
import type { CallFailure, CallStatus } from '@parley/client';

/** Why a call ended, for the page after it. */
export interface Ending {
  readonly reason: Extract<CallStatus, { phase: 'left' }>['reason'];
  readonly failure?: CallFailure;
}
