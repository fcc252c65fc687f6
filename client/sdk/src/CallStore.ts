/**
 * Owns the snapshot that an app sees and who is told of its changes, at most once per microtask.
 * Does not own what leads to changes (Call).
 */
import type { Grants } from '@parley/protocol';
import { keep } from './keep.ts';
import { Participants } from './Participants.ts';
import type { CallSnapshot, Participant, Trouble } from './types.ts';

const NO_GRANTS: Grants = { publish: [], subscribe: false, chat: false, moderate: false };
const DEVICE_OFF = { enabled: false, busy: false, problem: undefined };

/** The snapshot of one call. */
export class CallStore {
  readonly #people = new Participants();
  readonly #listeners = new Set<() => void>();
  #snapshot: CallSnapshot;
  /** The snapshot that listeners were last called for. */
  #told: CallSnapshot | undefined;
  #peopleChanged = false;
  #notifying = false;

  constructor(roomId: string) {
    this.#snapshot = {
      status: { phase: 'idle' },
      roomId,
      callStartedAtMs: undefined,
      participants: [],
      viewerCount: 0,
      activeSpeakerId: undefined,
      trouble: undefined,
      chat: { entries: [], hasOlder: false, enabled: false },
      grants: NO_GRANTS,
      local: { mic: DEVICE_OFF, camera: DEVICE_OFF, screen: 'off' },
      media: 'new',
    };
  }

  /** As it is now: people are put together when asked for, however many changes came before. */
  snapshot(): CallSnapshot {
    if (this.#peopleChanged) {
      this.#peopleChanged = false;
      const participants = this.#people.list();
      const activeSpeakerId = this.#people.activeSpeakerId();
      const trouble = troubleOf(participants, activeSpeakerId, this.#snapshot.trouble);
      this.#snapshot = keep(this.#snapshot, { ...this.#snapshot, participants, activeSpeakerId, trouble });
    }
    return this.#snapshot;
  }

  /** Calls back after changes. Returns the way to stop. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Changes parts of the snapshot. */
  set(
    parts: Partial<Omit<CallSnapshot, 'participants' | 'activeSpeakerId' | 'trouble' | 'chat' | 'grants'>>,
  ): void {
    this.#replace({ ...this.#snapshot, ...parts });
  }

  /** Changes the chat; whether it is enabled follows from the grants. */
  setChat(chat: Pick<CallSnapshot['chat'], 'entries' | 'hasOlder'>): void {
    this.#replace({
      ...this.#snapshot,
      chat: keep(this.#snapshot.chat, { ...this.#snapshot.chat, ...chat }),
    });
  }

  /** Changes the rights. */
  setGrants(grants: Grants): void {
    const known = keep(this.#snapshot.grants, grants);
    const chat = keep(this.#snapshot.chat, { ...this.#snapshot.chat, enabled: grants.chat });
    this.#replace({ ...this.#snapshot, grants: known, chat });
  }

  /** Changes something about the people. */
  changePeople(change: (people: Participants) => void): void {
    change(this.#people);
    this.#peopleChanged = true;
    this.#notify();
  }

  #replace(next: CallSnapshot): void {
    const kept = keep(this.#snapshot, next);
    if (kept === this.#snapshot) return;
    this.#snapshot = kept;
    this.#notify();
  }

  #notify(): void {
    if (this.#notifying) return;
    this.#notifying = true;
    queueMicrotask(() => {
      this.#notifying = false;
      const snapshot = this.snapshot();
      // Something about people was set to what it was: nobody needs to look.
      if (snapshot === this.#told) return;
      this.#told = snapshot;
      for (const listener of [...this.#listeners]) listener();
    });
  }
}

function troubleOf(
  participants: readonly Participant[],
  activeSpeakerId: string | undefined,
  before: Trouble | undefined,
): Trouble | undefined {
  const troubled = participants.filter(({ trouble }) => trouble !== undefined);
  const first =
    troubled.find(({ isLocal }) => isLocal) ??
    troubled.find(({ peerId }) => peerId === activeSpeakerId) ??
    troubled[0];
  return first?.trouble && keep(before, { code: first.trouble, peerId: first.peerId });
}
