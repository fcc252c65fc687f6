/**
 * Owns the sessions that this node holds, by id.
 * Does not own what a session is (Session) nor whether it may exist (auth/).
 */
import { closeCodes } from '@parley/protocol';
import type { Authenticated } from '../identity.ts';
import { Session, type SessionContext } from './Session.ts';

/** All sessions of a process. */
export class SessionRegistry {
  readonly #context: Omit<SessionContext, 'onIdle'>;
  readonly #sessions = new Map<string, Session>();

  constructor(context: Omit<SessionContext, 'onIdle'>) {
    this.#context = context;
  }

  /** The session of verified credentials: the one that is held, or made (anew, after a restart). */
  open({ sessionId, identity }: Authenticated): Session {
    let session = this.#sessions.get(sessionId);
    if (!session) {
      const onIdle = (idle: Session) => {
        if (this.#sessions.get(idle.id) === idle) this.#sessions.delete(idle.id);
      };
      session = new Session(sessionId, identity, { ...this.#context, onIdle });
      this.#sessions.set(sessionId, session);
    }
    return session;
  }

  /** Tells every client to go on elsewhere. */
  drain(): void {
    for (const session of this.#sessions.values()) session.close(closeCodes.draining, 'shutting down');
    this.#sessions.clear();
  }
}
