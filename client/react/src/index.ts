/**
 * @parley/react: hooks and unstyled parts over the SDK. Views are functions of the call's snapshot.
 */
export { CallProvider, useCall, useCallSelector } from './callContext.tsx';
export {
  useCallStatus,
  useChat,
  useGrants,
  useLocalMedia,
  useLocalParticipant,
  useParticipant,
  useParticipantIds,
  useParticipants,
  useViewerCount,
} from './callHooks.ts';
export { canChooseSpeaker, type Preview, useAudioLevel, useDevices, usePreview } from './deviceHooks.ts';
export { sameItems } from './equality.ts';
export { AudioTrack, RemoteAudio, useMediaTrack, VideoTrack } from './mediaParts.tsx';
export type { PreviewDevice, PreviewSnapshot } from './PreviewDevices.ts';
export { useTiles, useTileView } from './viewHooks.ts';
