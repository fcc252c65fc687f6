/**
 * Owns small facts about a participant as people are told them. Does not own the participant.
 */
import type { Participant } from '@parley/client';
import type { TFunction } from 'i18next';

/** How a participant is named: "Ada (you)", "Ada (2)", "Ada". */
export const participantName = ({ isLocal, displayName, label }: Participant, t: TFunction): string =>
  isLocal ? t('call.you', { name: displayName }) : label;

/** Whether nobody can hear this participant: muted, or no microphone at all. */
export const isMuted = ({ media }: Participant): boolean => media.mic?.muted ?? true;
