/**
 * Owns what this browser remembers for a person: name and devices for good, the running call for a reload of the tab.
 * Does not own anything secret: tokens are never stored.
 */

/** Remembered for good, in localStorage. */
export interface Preferences {
  readonly displayName: string;
  readonly micId: string;
  readonly cameraId: string;
  readonly speakerId: string;
  readonly micEnabled: boolean;
  readonly cameraEnabled: boolean;
}

const NONE: Preferences = {
  displayName: '',
  micId: '',
  cameraId: '',
  speakerId: '',
  micEnabled: true,
  cameraEnabled: true,
};
const KEY = 'parley.preferences';

/** What is remembered; defaults for all that is missing or broken. */
export function loadPreferences(): Preferences {
  const stored = read(() => localStorage, KEY);
  const text = (name: keyof Preferences) => (typeof stored[name] === 'string' ? stored[name] : '');
  const flag = (name: keyof Preferences) => stored[name] !== false;
  return {
    displayName: text('displayName'),
    micId: text('micId'),
    cameraId: text('cameraId'),
    speakerId: text('speakerId'),
    micEnabled: flag('micEnabled'),
    cameraEnabled: flag('cameraEnabled'),
  };
}

/** Remembers the given parts. A browser that keeps nothing (private mode) is no error. */
export function savePreferences(changes: Partial<Preferences>): void {
  write(() => localStorage, KEY, { ...NONE, ...loadPreferences(), ...changes });
}

/** The call that this tab is in: after a reload it goes on without a question. */
export interface RunningCall {
  readonly roomId: string;
  readonly displayName: string;
  readonly micEnabled: boolean;
  readonly cameraEnabled: boolean;
  readonly panel: Panel;
  /** Chat messages up to this seq have been seen. */
  readonly readSeq: number;
}

/** What is open beside the stage. */
export type Panel = 'chat' | 'participants' | 'none';

const CALL_KEY = 'parley.runningCall';

/** The call that this tab was in before a reload, if it was this room. */
export function loadRunningCall(roomId: string): RunningCall | undefined {
  const stored = read(() => sessionStorage, CALL_KEY);
  if (stored.roomId !== roomId || typeof stored.displayName !== 'string') return undefined;
  return {
    roomId,
    displayName: stored.displayName,
    micEnabled: stored.micEnabled !== false,
    cameraEnabled: stored.cameraEnabled !== false,
    panel: stored.panel === 'chat' || stored.panel === 'participants' ? stored.panel : 'none',
    readSeq: typeof stored.readSeq === 'number' ? stored.readSeq : 0,
  };
}

/** Remembers the running call in this tab, or forgets it. */
export function saveRunningCall(call: RunningCall | undefined): void {
  write(() => sessionStorage, CALL_KEY, call);
}

/** Changes what is remembered of the running call; nothing happens when there is none. */
export function updateRunningCall(roomId: string, changes: Partial<Omit<RunningCall, 'roomId'>>): void {
  const running = loadRunningCall(roomId);
  if (running) saveRunningCall({ ...running, ...changes });
}

function read(storage: () => Storage, key: string): Record<string, unknown> {
  try {
    const stored: unknown = JSON.parse(storage().getItem(key) ?? '{}');
    return typeof stored === 'object' && stored !== null ? { ...stored } : {};
  } catch {
    return {};
  }
}

function write(storage: () => Storage, key: string, value: unknown): void {
  try {
    if (value === undefined) storage().removeItem(key);
    else storage().setItem(key, JSON.stringify(value));
  } catch {
    // Storage may be off or full; the call works without.
  }
}
