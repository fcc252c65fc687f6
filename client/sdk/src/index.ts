/**
 * @parley/client: calls and chat from a browser, without a framework. Start with {@link Call}.
 */
export {
  CallError,
  DisplayName,
  type ErrorCode,
  type Grants,
  ROOM_ID_PATTERN,
  type Role,
  type Source,
} from '@parley/protocol';
export { Call, type CallEnvironment } from './Call.ts';
export {
  type DeviceChoice,
  type DeviceList,
  listDevices,
  openPreview,
  type Preview,
  type PreviewOptions,
  watchAudioLevel,
  watchDevices,
} from './devices.ts';
export { hasStoredSession } from './sessionStore.ts';
export type * from './types.ts';
