/**
 * Owns that a reload finds microphone and camera as they were. Does not own the reload (RoomPage).
 */
import { useLocalMedia } from '@parley/react';
import { useEffect } from 'react';
import { updateRunningCall } from '../app/preferences.ts';

/** Keeps the remembered call of this tab up to date. */
export function useRememberedCall(roomId: string): void {
  const { mic, camera } = useLocalMedia();
  useEffect(() => {
    updateRunningCall(roomId, { micEnabled: mic.enabled, cameraEnabled: camera.enabled });
  }, [roomId, mic.enabled, camera.enabled]);
}
