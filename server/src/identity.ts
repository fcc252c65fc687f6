/**
 * Owns what is known about who is behind a session, and the seam between the sockets and the credentials.
 * Does not own any credential: auth/ verifies tokens, signs resume tokens and derives ids.
 */
import type { Grants, Role, VideoCodec } from '@parley/protocol';
import type { RoomKey } from './room/ports.ts';

/** Who somebody is and what they may do, from a verified token or from guest mode. */
export interface Identity {
  readonly tenant: string;
  /** Unique in its tenant. */
  readonly userId: string;
  /** Given by the token, and then the only name; guests choose theirs when they join. */
  readonly displayName?: string;
  /** The only room that the token admits to, when it names one. */
  readonly roomId?: string;
  /** `host` exactly when `grants.moderate`. */
  readonly role: Role;
  readonly grants: Grants;
  /** The order of preference, given by the token, of a call that begins with this session. */
  readonly videoCodecs?: readonly VideoCodec[];
  readonly guest: boolean;
  /** Absent for guests. */
  readonly tokenExpiresAtMs?: number;
  /** When the session ends for good, however often it is resumed. */
  readonly sessionEndsAtMs: number;
}

/** A session as its credentials describe it. */
export interface Authenticated {
  readonly sessionId: string;
  /** Whether a resume token named the session; otherwise it is new. */
  readonly resumed: boolean;
  readonly identity: Identity;
}

/** Turns what a `hello` brings into a session. */
export interface Authenticator {
  /** @throws CallError `unauthenticated` with a `details.cause` for developers. */
  authenticate(credentials: { token?: string; resumeToken?: string }): Promise<Authenticated>;
  /** A token with which the session can go on, on this process or a later one. */
  issueResumeToken(sessionId: string, identity: Identity): Promise<string>;
}

/** Ids that the server issues. Derived ones are the same on every node and after every restart. */
export interface IdIssuer {
  /** The seat of a session in a room. */
  peerId(sessionId: string, room: RoomKey): string;
  /** What a request creates: the same for a retry of the same request. */
  transportId(sessionId: string, requestId: string): string;
}
