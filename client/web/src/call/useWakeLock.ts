/**
 * Owns that a phone's screen stays on during a call. Does not own anything else of the device.
 */
import { useEffect } from 'react';

/** Keeps the screen awake while mounted; the browser drops the lock with a hidden tab, so it is asked for again. */
export function useWakeLock(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | undefined;
    let over = false;
    const request = async () => {
      if (document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return;
      try {
        const granted = await navigator.wakeLock.request('screen');
        if (over) await granted.release();
        else lock = granted;
      } catch {
        // Low battery or no permission: the call goes on without.
      }
    };
    void request();
    document.addEventListener('visibilitychange', request);
    return () => {
      over = true;
      document.removeEventListener('visibilitychange', request);
      lock?.release().catch(() => undefined);
    };
  }, []);
}
