/**
 * Owns how a call reaches the components below: one provider, one hook to read the snapshot in slices.
 * Does not own the call's lifetime: whoever made the call leaves it.
 */
import type { CallApi, CallSnapshot } from '@parley/client';
import { createContext, type ReactNode, useCallback, useContext, useRef, useSyncExternalStore } from 'react';
import { TileViewsContext, useNewTileViews } from './viewHooks.ts';

const CallContext = createContext<CallApi | undefined>(undefined);

/** Makes a call available to the hooks and parts of this package. One provider, one call. */
export function CallProvider({ call, children }: { call: CallApi; children: ReactNode }) {
  const views = useNewTileViews(call);
  return (
    <CallContext value={call}>
      <TileViewsContext value={views}>{children}</TileViewsContext>
    </CallContext>
  );
}

/**
 * The call of the nearest provider.
 * @throws Error without a provider: a mistake of the program, not of a person.
 */
export function useCall(): CallApi {
  const call = useContext(CallContext);
  if (!call) throw new Error('useCall needs a <CallProvider> above it');
  return call;
}

/**
 * A slice of the call's snapshot; the component renders again only when that slice changes.
 * @param selector picks or derives the slice; called often, so it must be cheap.
 * @param isEqual when two slices are the same. Default: identity, right for parts of the snapshot itself.
 */
export function useCallSelector<T>(
  selector: (snapshot: CallSnapshot) => T,
  isEqual: (a: T, b: T) => boolean = Object.is,
): T {
  const call = useCall();
  // Derived slices (a list of ids) are new objects each time; React needs the same one while nothing changed.
  const last = useRef<{ value: T } | undefined>(undefined);
  const select = () => {
    const next = selector(call.getSnapshot());
    if (last.current && isEqual(last.current.value, next)) return last.current.value;
    last.current = { value: next };
    return next;
  };
  const subscribe = useCallback((listener: () => void) => call.subscribe(listener), [call]);
  return useSyncExternalStore(subscribe, select);
}
