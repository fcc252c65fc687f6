/**
 * Owns what travels between two nodes once they know each other: calls, replies and notices, and how each becomes typed.
 * Does not own how it is kept from others (SealedFrames) nor the calls themselves (calls.ts).
 */
import { CallError, WireError } from '@parley/protocol';
import * as z from 'zod/mini';
import {
  type CallData,
  type Caller,
  type CallHandlers,
  type CallName,
  type CallReply,
  calls,
  type NoticeData,
  type NoticeHandlers,
  type NoticeName,
  notices,
} from './calls.ts';

/** A larger frame ends the connection: lists in calls and notices are split below it. */
export const MAX_FRAME_BYTES = 256 * 1024;

const CallId = z.string().check(z.regex(/^[A-Za-z0-9_-]{1,40}$/));

/** Any frame of an open connection: a call has id and name, a notice a name, an answer an id with `ok` or `error`. */
export const Frame = z.object({
  id: z.optional(CallId),
  name: z.optional(z.string().check(z.maxLength(64))),
  data: z.optional(z.unknown()),
  ok: z.optional(z.unknown()),
  error: z.optional(WireError),
});
export type Frame = z.infer<typeof Frame>;

/** A failure that the other node told. */
export const toCallErrorOf = ({ code, message, details }: WireError): CallError =>
  new CallError(code, message, details && { details });

/** @throws CallError `internal`: the other node answers what its version should not. */
export function parseReply<N extends CallName>(name: N, ok: unknown): CallReply<N> {
  const table: { readonly [M in CallName]: { readonly reply: Schema<CallReply<M>> } } = calls;
  const parsed = table[name].reply.safeParse(ok);
  if (parsed.success) return parsed.data;
  throw new CallError('internal', `the answer to ${name} does not fit: ${firstIssue(parsed.error)}`);
}

/**
 * Runs the handler of a call on data that fits its schema.
 * @throws CallError `unsupported` when this node does not serve it, `invalid-request`, or as the handler does.
 */
export async function serve(
  handlers: Partial<CallHandlers<CallName>>,
  name: string,
  data: unknown,
  caller: Caller,
): Promise<unknown> {
  if (!isCallName(name)) throw new CallError('unsupported', `this node does not know the call ${cut(name)}`);
  return await serveNamed(handlers, name, data, caller);
}

async function serveNamed<N extends CallName>(
  handlers: Partial<CallHandlers<CallName>>,
  name: N,
  data: unknown,
  caller: Caller,
): Promise<CallReply<N>> {
  const handler: CallHandlers<N>[N] | undefined = handlers[name];
  if (!handler) throw new CallError('unsupported', `this node does not serve ${name}`);
  const table: { readonly [M in CallName]: { readonly data: Schema<CallData<M>> } } = calls;
  const parsed = table[name].data.safeParse(data);
  if (!parsed.success) {
    throw new CallError('invalid-request', `${name} does not fit: ${firstIssue(parsed.error)}`);
  }
  return await handler(parsed.data, caller);
}

/** Hands a notice to its handler. One that a later version has is skipped, and so is one that does not fit. */
export function deliver(handlers: NoticeHandlers, name: string, data: unknown): void {
  if (isNoticeName(name)) deliverNamed(handlers, name, data);
}

function deliverNamed<N extends NoticeName>(handlers: NoticeHandlers, name: N, data: unknown): void {
  const table: { readonly [M in NoticeName]: Schema<NoticeData<M>> } = notices;
  const parsed = table[name].safeParse(data);
  if (parsed.success) handlers[name](parsed.data);
}

const isNoticeName = (name: string): name is NoticeName => Object.hasOwn(notices, name);
const isCallName = (name: string): name is CallName => Object.hasOwn(calls, name);

const cut = (name: string): string => JSON.stringify(name.slice(0, 64));

const firstIssue = ({ issues: [issue] }: Issues): string =>
  `${issue?.path.map(String).join('.') ?? ''} ${issue?.message ?? ''}`.trim().slice(0, 200);

interface Issues {
  readonly issues: readonly { readonly path: PropertyKey[]; readonly message: string }[];
}

interface Schema<T> {
  safeParse(
    input: unknown,
  ): { readonly success: true; readonly data: T } | { readonly success: false; readonly error: Issues };
}
