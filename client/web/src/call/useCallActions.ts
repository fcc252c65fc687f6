/**
 * Owns what the controls do, and that failures are told. Does not own how the controls look.
 */
import type { CallApi, CallSnapshot } from '@parley/client';
import { useCall } from '@parley/react';
import { useEffect, useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { failureOf } from '../app/callFailure.ts';
import { useNotify } from './Toasts.tsx';

/** Everything that the controls of a call can do. Never rejects: failures become notices. */
export interface CallActions {
  toggleMic(): void;
  toggleCamera(): void;
  toggleShare(): void;
  leave(): void;
}

/** Whether a device is on for the others: wanted, and there. */
export const isOn = ({ enabled, problem }: CallSnapshot['local']['mic']): boolean => enabled && !problem;

/** Whether this browser and this seat can share a screen. */
export const canShare = (snapshot: CallSnapshot): boolean =>
  snapshot.grants.publish.includes('screen') && 'getDisplayMedia' in (navigator.mediaDevices ?? {});

/** The actions of the current call; also tells the person when a host muted them or stopped their camera. */
export function useCallActions(): CallActions {
  const call = useCall();
  const notify = useNotify();
  const { t } = useTranslation();
  // What the person last asked for; when the call says otherwise, it was a host.
  const asked = useRef({ mic: false, camera: false });

  useEffect(() => {
    const { mic, camera } = call.getSnapshot().local;
    asked.current = { mic: mic.enabled, camera: camera.enabled };
    return call.subscribe(() => {
      const { local, status } = call.getSnapshot();
      if (status.phase !== 'joined') return;
      for (const device of ['mic', 'camera'] as const) {
        const { enabled, busy, problem } = local[device];
        if (asked.current[device] && !enabled && !busy && !problem) {
          asked.current[device] = false;
          notify(device === 'mic' ? t('call.announce.mutedByHost') : t('call.announce.cameraStoppedByHost'));
        }
      }
    });
  }, [call, notify, t]);

  return useMemo(() => {
    const attempt = (action: Promise<void>) => {
      action.catch((error: unknown) => {
        const { code } = failureOf(error);
        notify(t(`error.${code}.title`));
      });
    };
    return {
      toggleMic: () => {
        const { local, grants } = call.getSnapshot();
        if (!grants.publish.includes('mic')) return;
        const wanted = !isOn(local.mic);
        asked.current.mic = false;
        attempt(call.setMicEnabled(wanted).then(() => remember(call, asked.current)));
      },
      toggleCamera: () => {
        const { local, grants } = call.getSnapshot();
        if (!grants.publish.includes('camera')) return;
        const wanted = !isOn(local.camera);
        asked.current.camera = false;
        attempt(call.setCameraEnabled(wanted).then(() => remember(call, asked.current)));
      },
      toggleShare: () => {
        const snapshot = call.getSnapshot();
        if (snapshot.local.screen === 'on') attempt(call.stopScreenShare());
        else if (snapshot.local.screen === 'off' && canShare(snapshot)) {
          attempt(
            call.startScreenShare().catch((error: unknown) => {
              // The chooser was dismissed: nothing to be told.
              if (failureOf(error).code !== 'device-denied') throw error;
            }),
          );
        }
      },
      leave: () => attempt(call.leave()),
    };
  }, [call, notify, t]);
}

function remember(call: CallApi, asked: { mic: boolean; camera: boolean }): void {
  const { mic, camera } = call.getSnapshot().local;
  asked.mic = mic.enabled;
  asked.camera = camera.enabled;
}
