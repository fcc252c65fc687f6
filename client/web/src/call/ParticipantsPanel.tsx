/**
 * Owns the list of everybody, with states and a host's controls. Does not own the stage.
 */
import type { Participant } from '@parley/client';
import { useParticipant, useParticipantIds, useViewerCount } from '@parley/react';
import { Eye, Mic, MicOff, Monitor, Video, VideoOff } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Avatar } from '../ui/Avatar.tsx';
import { Moderation } from './Moderation.tsx';
import { Panel } from './Panel.tsx';
import { isMuted, participantName } from './participantFacts.ts';
import { QualityBars } from './QualityBars.tsx';

/** The panel "Participants". */
export function ParticipantsPanel({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const peerIds = useParticipantIds();
  const viewers = useViewerCount();
  return (
    <Panel title={t('call.participants')} count={peerIds.length} onClose={onClose}>
      <ul className="people">
        {peerIds.map((peerId) => (
          <Person key={peerId} peerId={peerId} />
        ))}
      </ul>
      {viewers > 0 && (
        <p className="people-watching">
          <Eye aria-hidden="true" />
          {t('call.watching', { count: viewers })}
        </p>
      )}
    </Panel>
  );
}

function Person({ peerId }: { peerId: string }) {
  const { t } = useTranslation();
  const participant = useParticipant(peerId);
  if (!participant) return null;
  return (
    <li className="person">
      <div className="person-avatar">
        <Avatar id={participant.userId} name={participant.displayName} />
      </div>
      <div className="person-text">
        <span className="person-name">{participantName(participant, t)}</span>
        <PersonRole participant={participant} />
      </div>
      <div className="person-states">
        <QualityBars quality={participant.quality} />
        <PersonMedia participant={participant} />
      </div>
      <Moderation participant={participant} about="all" />
    </li>
  );
}

function PersonRole({ participant }: { participant: Participant }) {
  const { t } = useTranslation();
  if (participant.connection === 'reconnecting') {
    return <span className="person-role">{t('call.reconnecting')}</span>;
  }
  if (participant.isHost) return <span className="person-role">{t('panel.host')}</span>;
  if (participant.role === 'viewer') return <span className="person-role">{t('panel.viewer')}</span>;
  return null;
}

function PersonMedia({ participant }: { participant: Participant }) {
  const { t } = useTranslation();
  const { camera, screen } = participant.media;
  const cameraOn = camera !== undefined && !camera.muted;
  const muted = isMuted(participant);
  const MicIcon = muted ? MicOff : Mic;
  const CameraIcon = cameraOn ? Video : VideoOff;
  return (
    <>
      {screen && (
        <Monitor role="img" aria-label={t('call.announce.share', { name: participant.displayName })} />
      )}
      <CameraIcon role="img" aria-label={cameraOn ? t('call.cameraOn') : t('call.cameraOff')} />
      <MicIcon role="img" aria-label={muted ? t('call.muted') : t('call.unmuted')} />
    </>
  );
}
