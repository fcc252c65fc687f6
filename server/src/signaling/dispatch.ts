/**
 * Owns the way of a request frame to its handler and of the answer back: limits, schema, order, retries, errors.
 * Does not own frames (Connection) nor what requests do (handlers/).
 */
import {
  CallError,
  closeCodes,
  isRequestName,
  type RequestData,
  type RequestFrame,
  type RequestName,
  requests,
} from '@parley/protocol';
import { toCallError } from '../toWireError.ts';
import type { Connection } from './Connection.ts';
import { handlers } from './handlers/index.ts';
import type { RequestContext } from './handlers/types.ts';
import type { OutboundLane } from './OutboundLanes.ts';
import type { Services } from './ports.ts';
import { type BucketRate, KeyedBuckets } from './rateLimit.ts';
import type { Lane, Session } from './Session.ts';

/** How each request is executed. */
interface Policy {
  /** Absent: at once, beside everything else. */
  readonly lane?: Lane;
  /** The way out of the answer. Absent: that of the lane. */
  readonly replyLane?: OutboundLane;
  /** Whether a retry gets the first answer; the others may be executed again without harm. */
  readonly once: boolean;
  /** Whether it changes the room: what it changed is told to its asker before it is answered, however large the room. */
  readonly changesRoom?: boolean;
}

const call = { lane: 'call', once: true } as const;
const change = { ...call, changesRoom: true } as const;

const policies: { readonly [N in RequestName]: Policy } = {
  hello: { once: false },
  ping: { once: false },
  // Executed again: its effect is bound to the connection that asks.
  join: { lane: 'call', once: false },
  leave: call,
  createTransport: call,
  connectTransport: call,
  restartIce: call,
  publish: change,
  unpublish: change,
  setMuted: change,
  subscribe: call,
  unsubscribe: call,
  setConsumersPaused: call,
  // Both say how it is now: executed again they change nothing.
  setView: { lane: 'call', once: false },
  speechBegins: { lane: 'call', once: false },
  // Idempotent by its message id, for ever.
  chatSend: { lane: 'chat', once: false },
  chatHistory: { lane: 'chat', replyLane: 'bulk', once: false },
  // Cumulative: the same again does no harm.
  reportQuality: { lane: 'call', once: false },
  moderatorMute: change,
  moderatorStop: change,
  removePeer: change,
};

/** How fast requests may come. */
export interface RequestLimits {
  /** Per session. */
  readonly session: BucketRate;
  /** Per identity, all its sessions together. */
  readonly identity: BucketRate;
  /** Chat messages, per identity. */
  readonly chat: BucketRate;
  /** Quality reports, per session. */
  readonly quality: BucketRate;
  /** What a client shows, per session. */
  readonly view: BucketRate;
  /** Hints of somebody who begins to speak, per session. */
  readonly speech: BucketRate;
}

/** Requests of a session that wait or run. */
const MAX_IN_FLIGHT = 256;

/** Refusals that are merely answered; above that the socket is closed. */
const REFUSALS: BucketRate = { burst: 200, perSecond: 20 };

/** Executes requests of all sessions. */
export class Dispatcher {
  readonly #services: Services;
  readonly #identityBuckets: KeyedBuckets;
  readonly #chatBuckets: KeyedBuckets;
  readonly #qualityBuckets: KeyedBuckets;
  readonly #viewBuckets: KeyedBuckets;
  readonly #speechBuckets: KeyedBuckets;
  readonly #refusals: KeyedBuckets;
  readonly #inFlight = new WeakMap<Session, number>();

  constructor(services: Services, limits: RequestLimits) {
    this.#services = services;
    this.#identityBuckets = new KeyedBuckets(limits.identity, services.clock);
    this.#chatBuckets = new KeyedBuckets(limits.chat, services.clock);
    this.#qualityBuckets = new KeyedBuckets(limits.quality, services.clock);
    this.#viewBuckets = new KeyedBuckets(limits.view, services.clock);
    this.#speechBuckets = new KeyedBuckets(limits.speech, services.clock);
    this.#refusals = new KeyedBuckets(REFUSALS, services.clock);
  }

  /** Answers a frame, now or later; never fails. */
  dispatch(session: Session, connection: Connection, frame: RequestFrame): void {
    const retryAfterMs = this.#retryAfterMs(session, frame.name);
    if (retryAfterMs > 0) {
      const error = new CallError('rate-limited', 'Too many requests', { details: { retryAfterMs } });
      connection.refuse(frame.id, error);
      if (this.#refusals.take(session.id) > 0) {
        connection.close(closeCodes.rateLimited, 'far above the limits');
      }
      return;
    }
    if (!isRequestName(frame.name)) {
      const error = new CallError('invalid-request', 'Unknown request', { details: { path: 'name' } });
      connection.refuseBadFrame(frame.id, error);
      return;
    }
    this.#parse(session, connection, frame.id, frame.name, frame.data);
  }

  #parse<N extends RequestName>(
    session: Session,
    connection: Connection,
    id: string,
    name: N,
    data: unknown,
  ): void {
    const parsed = parseData(name, data);
    if (!parsed.ok) {
      connection.refuseBadFrame(id, parsed.error);
      return;
    }
    const { lane, replyLane = lane, once, changesRoom = false } = policies[name];
    // Taken now, behind the call requests that came before and ahead of those that come later: who writes and closes the page
    // at once still had a seat, however long the disk takes.
    const seatInTurn = lane === 'chat' ? session.inLane('call', async () => session.liveSeat) : undefined;
    const afterReply: (() => void)[] = [];
    const run = async () => {
      const seat = seatInTurn ? await seatInTurn : session.liveSeat;
      const context: RequestContext = {
        session,
        connection,
        requestId: id,
        services: this.#services,
        liveSeat: () => seat ?? refuseUnseated(),
        afterReply: (task) => void afterReply.push(task),
      };
      const ok = await handlers[name](context, parsed.data);
      if (changesRoom) session.liveSeat?.membership.hurry();
      return ok;
    };
    const execute = () => (lane ? session.inLane(lane, run) : run());
    this.#count(session, 1);
    this.#answer(session, connection, { id, replyLane }, () =>
      once ? session.replies.once(id, name, execute) : execute(),
    )
      .then(() => {
        for (const task of afterReply) task();
      })
      .finally(() => this.#count(session, -1));
  }

  async #answer(
    session: Session,
    connection: Connection,
    { id, replyLane }: { id: string; replyLane: OutboundLane | undefined },
    execute: () => Promise<unknown>,
  ): Promise<void> {
    try {
      connection.reply(id, await execute(), replyLane);
    } catch (raw) {
      const error = toCallError(raw);
      if (error.code === 'internal') {
        session.log.error({ err: error.cause, ...error.details, requestId: id }, 'a request failed');
      }
      connection.refuse(id, error);
    }
  }

  #retryAfterMs(session: Session, name: string): number {
    if ((this.#inFlight.get(session) ?? 0) >= MAX_IN_FLIGHT) return 1_000;
    const { tenant, userId } = session.identity;
    const identity = `${tenant}/${userId}`;
    const waits = [session.requestBucket.take(), this.#identityBuckets.take(identity)];
    if (name === 'chatSend') waits.push(this.#chatBuckets.take(identity));
    if (name === 'reportQuality') waits.push(this.#qualityBuckets.take(session.id));
    if (name === 'setView') waits.push(this.#viewBuckets.take(session.id));
    if (name === 'speechBegins') waits.push(this.#speechBuckets.take(session.id));
    return Math.max(...waits);
  }

  #count(session: Session, change: 1 | -1): void {
    this.#inFlight.set(session, (this.#inFlight.get(session) ?? 0) + change);
  }
}

function refuseUnseated(): never {
  throw new CallError('invalid-state', 'Join a room first');
}

/** Parses a request's data by its schema; a refusal names the path from the frame's root. */
export function parseData<N extends RequestName>(
  name: N,
  data: unknown,
): { ok: true; data: RequestData<N> } | { ok: false; error: CallError } {
  const table: {
    readonly [M in RequestName]: {
      readonly data: { safeParse(input: unknown): SafeParsed<RequestData<M>> };
    };
  } = requests;
  const parsed = table[name].data.safeParse(data);
  if (parsed.success) return { ok: true, data: parsed.data };
  const issue = parsed.error.issues[0];
  const path = ['data', ...(issue?.path ?? []).map(String)].join('.').slice(0, 200);
  return {
    ok: false,
    error: new CallError('invalid-request', issue?.message ?? 'Wrong data', { details: { path } }),
  };
}

type SafeParsed<T> =
  | { readonly success: true; readonly data: T }
  | {
      readonly success: false;
      readonly error: { readonly issues: readonly { path: PropertyKey[]; message: string }[] };
    };
