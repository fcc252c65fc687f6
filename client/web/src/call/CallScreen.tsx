/**
 * Owns the screen of a running call: what stands where, and which panel or dialog is open.
 * Does not own the call (RoomPage made it) nor what the parts show.
 */
import './call.css';
import type { CallApi } from '@parley/client';
import { CallProvider, RemoteAudio, useCallStatus } from '@parley/react';
import { Tooltip } from 'radix-ui';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Ending } from '../app/ending.ts';
import { usePageTitle } from '../app/pageTitle.ts';
import { loadPreferences, loadRunningCall, type Panel, updateRunningCall } from '../app/preferences.ts';
import { Announcer } from './Announcer.tsx';
import { Banners, SoundBlocked } from './Banners.tsx';
import { ControlBar } from './ControlBar.tsx';
import { ParticipantsPanel } from './ParticipantsPanel.tsx';
import { SettingsDialog } from './SettingsDialog.tsx';
import { ShortcutsDialog } from './ShortcutsDialog.tsx';
import { Stage } from './Stage.tsx';
import { ToastProvider } from './Toasts.tsx';
import { TopBar } from './TopBar.tsx';
import { useCallActions } from './useCallActions.ts';
import { useRememberedCall } from './useRememberedCall.ts';
import { useShortcuts } from './useShortcuts.ts';
import { useUnread } from './useUnread.ts';
import { useWakeLock } from './useWakeLock.ts';

const ChatPanel = lazy(async () => ({ default: (await import('./ChatPanel.tsx')).ChatPanel }));

/** The screen of a joined call. `onEnd` is called once, when the call is over for this seat. */
export function CallScreen({ call, onEnd }: { call: CallApi; onEnd: (ending: Ending) => void }) {
  return (
    <CallProvider call={call}>
      <Tooltip.Provider delayDuration={500}>
        <ToastProvider>
          <RunningCall roomId={call.getSnapshot().roomId} onEnd={onEnd} />
        </ToastProvider>
      </Tooltip.Provider>
    </CallProvider>
  );
}

function RunningCall({ roomId, onEnd }: { roomId: string; onEnd: (ending: Ending) => void }) {
  const { t } = useTranslation();
  const status = useCallStatus();
  const [panel, setPanel] = useState<Panel>(() => loadRunningCall(roomId)?.panel ?? 'none');
  const [dialog, setDialog] = useState<'none' | 'settings' | 'shortcuts'>('none');
  const [speakerId, setSpeakerId] = useState(() => loadPreferences().speakerId);
  const moreButton = useRef<HTMLButtonElement>(null);
  const actions = useCallActions();
  const unread = useUnread(roomId, panel === 'chat');

  const togglePanel = (wanted: Panel) => setPanel((open) => (open === wanted ? 'none' : wanted));
  useEffect(() => updateRunningCall(roomId, { panel }), [roomId, panel]);
  useRememberedCall(roomId);
  useWakeLock();
  useShortcuts({
    mic: actions.toggleMic,
    camera: actions.toggleCamera,
    share: actions.toggleShare,
    chat: () => togglePanel('chat'),
    participants: () => togglePanel('participants'),
    help: () => setDialog('shortcuts'),
  });
  usePageTitle(
    unread > 0
      ? t('app.titleRoomUnread', { count: unread, room: roomId })
      : t('app.titleRoom', { room: roomId }),
  );
  useEffect(() => {
    if (status.phase === 'left') {
      onEnd({ reason: status.reason, ...(status.error && { failure: status.error }) });
    }
  }, [status, onEnd]);

  const closePanel = () => setPanel('none');
  const closeDialog = () => setDialog('none');
  return (
    <div className="call" data-panel={panel}>
      <TopBar roomId={roomId} />
      <main className="call-main">
        <Banners />
        <RemoteAudio sinkId={speakerId} renderBlocked={(resume) => <SoundBlocked onResume={resume} />} />
        <Stage roomId={roomId} withModeration={panel !== 'participants'} />
      </main>
      {panel === 'participants' && <ParticipantsPanel onClose={closePanel} />}
      {panel === 'chat' && (
        <Suspense>
          <ChatPanel onClose={closePanel} />
        </Suspense>
      )}
      <ControlBar
        actions={actions}
        panel={panel}
        unread={unread}
        moreButton={moreButton}
        onPanel={togglePanel}
        onDialog={setDialog}
      />
      <Announcer chatOpen={panel === 'chat'} />
      {dialog === 'settings' && (
        <SettingsDialog
          speakerId={speakerId}
          onSpeaker={setSpeakerId}
          onClose={closeDialog}
          returnFocus={moreButton}
        />
      )}
      {dialog === 'shortcuts' && <ShortcutsDialog onClose={closeDialog} returnFocus={moreButton} />}
    </div>
  );
}
