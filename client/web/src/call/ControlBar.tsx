/**
 * Owns the bar of controls. Does not own what they do (useCallActions) nor the panels that they open.
 */
import { useCallSelector, useLocalMedia } from '@parley/react';
import {
  type LucideIcon,
  MessageSquare,
  Mic,
  MicOff,
  Monitor,
  MonitorOff,
  PhoneOff,
  Users,
  Video,
  VideoOff,
} from 'lucide-react';
import type { RefObject } from 'react';
import { useTranslation } from 'react-i18next';
import type { Panel } from '../app/preferences.ts';
import { ControlButton } from './ControlButton.tsx';
import { MoreMenu } from './MoreMenu.tsx';
import { type CallActions, canShare, isOn } from './useCallActions.ts';

/** The controls, in the order of how often they are needed. */
export function ControlBar({
  actions,
  panel,
  unread,
  moreButton,
  onPanel,
  onDialog,
}: {
  actions: CallActions;
  panel: Panel;
  unread: number;
  moreButton: RefObject<HTMLButtonElement | null>;
  onPanel: (panel: Panel) => void;
  onDialog: (dialog: 'settings' | 'shortcuts') => void;
}) {
  const { t } = useTranslation();
  const people = useCallSelector((snapshot) => snapshot.participants.length);
  return (
    <section className="controls" aria-label={t('call.controls')}>
      <div className="controls-group">
        <MediaControls actions={actions} />
      </div>
      <div className="controls-group">
        <ControlButton
          label={t('call.chat')}
          shortcut="c"
          icon={<MessageSquare aria-hidden="true" />}
          open={panel === 'chat'}
          badge={unread}
          description={unread > 0 ? t('call.unread', { count: unread }) : undefined}
          onClick={() => onPanel('chat')}
        />
        <ControlButton
          label={t('call.participants')}
          shortcut="p"
          icon={<Users aria-hidden="true" />}
          open={panel === 'participants'}
          count={people}
          description={t('call.people', { count: people })}
          onClick={() => onPanel('participants')}
        />
        <MoreMenu buttonRef={moreButton} onDialog={onDialog} />
      </div>
      <div className="controls-group">
        <ControlButton
          label={t('call.leave')}
          tone="leave"
          icon={<PhoneOff aria-hidden="true" />}
          onClick={actions.leave}
        />
      </div>
    </section>
  );
}

function MediaControls({ actions }: { actions: CallActions }) {
  const { t } = useTranslation();
  const { mic, camera, screen } = useLocalMedia();
  const publish = useCallSelector((snapshot) => snapshot.grants.publish);
  const shareable = useCallSelector(canShare);
  return (
    <>
      {publish.includes('mic') && (
        <DeviceButton
          device={mic}
          on={{ label: t('call.mute'), Icon: Mic }}
          off={{ label: t('call.unmute'), Icon: MicOff }}
          shortcut="m"
          onClick={actions.toggleMic}
        />
      )}
      {publish.includes('camera') && (
        <DeviceButton
          device={camera}
          on={{ label: t('call.stopCamera'), Icon: Video }}
          off={{ label: t('call.startCamera'), Icon: VideoOff }}
          shortcut="v"
          onClick={actions.toggleCamera}
        />
      )}
      {shareable && (
        <ControlButton
          label={screen === 'on' ? t('call.stopSharing') : t('call.shareScreen')}
          shortcut="s"
          icon={screen === 'on' ? <MonitorOff aria-hidden="true" /> : <Monitor aria-hidden="true" />}
          tone={screen === 'on' ? 'active' : undefined}
          busy={screen === 'starting'}
          onClick={actions.toggleShare}
        />
      )}
    </>
  );
}

interface Look {
  readonly label: string;
  readonly Icon: LucideIcon;
}

/** Microphone or camera: what it does next, and what is wrong with the device. */
function DeviceButton({
  device,
  on,
  off,
  shortcut,
  onClick,
}: {
  device: ReturnType<typeof useLocalMedia>['mic'];
  on: Look;
  off: Look;
  shortcut: string;
  onClick: () => void;
}) {
  const { t } = useTranslation();
  const { label, Icon } = isOn(device) ? on : off;
  return (
    <ControlButton
      label={label}
      shortcut={shortcut}
      icon={<Icon aria-hidden="true" />}
      tone={isOn(device) ? undefined : 'off'}
      busy={device.busy}
      description={device.problem && t(`error.${device.problem}.title`)}
      warning={device.problem !== undefined}
      onClick={onClick}
    />
  );
}
