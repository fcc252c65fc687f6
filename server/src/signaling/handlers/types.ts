/**
 * Owns the shape of request handlers and the rights check that several of them need.
 * Does not own any handler.
 */
import { CallError, type RequestData, type RequestName, type RequestReply } from '@parley/protocol';
import type { Connection } from '../Connection.ts';
import type { Services } from '../ports.ts';
import type { LiveSeat, Session } from '../Session.ts';

/** One request on its way. */
export interface RequestContext {
  readonly session: Session;
  readonly connection: Connection;
  readonly requestId: string;
  readonly services: Services;
  /** The seat of the request. @throws CallError `invalid-state` before `join` (also after a resume). */
  liveSeat(): LiveSeat;
  /** Runs a task as soon as the reply is on the wire. */
  afterReply(task: () => void): void;
}

/** Answers one kind of request. Fails with a CallError. */
export type Handler<N extends RequestName> = (
  context: RequestContext,
  data: RequestData<N>,
) => RequestReply<N> | Promise<RequestReply<N>>;

/** Some of the handlers. */
export type HandlersOf<N extends RequestName> = { readonly [M in N]: Handler<M> };

/** `<sessionId>:<requestId>`: unique in the whole deployment, because session ids are. */
export const requestKeyOf = (context: RequestContext): string => `${context.session.id}:${context.requestId}`;

/** @throws CallError `forbidden` unless the right is granted. */
export function assertGranted(granted: boolean, what: string): void {
  if (!granted) {
    throw new CallError('forbidden', `Not granted: ${what}`, { details: { grant: what } });
  }
}

/**
 * Says which part of the request mediasoup did not like: it names reasons, but does not know our frames.
 * @throws CallError as the task does; an `invalid-request` has the path.
 */
export async function blaming<T>(path: string, task: Promise<T>): Promise<T> {
  try {
    return await task;
  } catch (error) {
    if (!(error instanceof CallError) || error.code !== 'invalid-request' || error.details?.path) throw error;
    throw new CallError(error.code, error.message, {
      details: { ...error.details, path },
      cause: error.cause,
    });
  }
}
