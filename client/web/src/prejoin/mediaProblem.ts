/**
 * Owns which cause is told when the browser gives out no camera or microphone: one message, the most useful one.
 * Does not own the causes (SDK) nor the texts (locales).
 */
import type { ErrorCode } from '@parley/client';

/** Codes that have texts of their own for devices. */
export type DeviceProblemCode = 'device-denied' | 'device-missing' | 'device-busy' | 'unsupported';

/** What to tell: about which device, and the cause. */
export type MediaProblem =
  | { readonly about: 'insecure' }
  | { readonly about: 'mic' | 'camera' | 'both'; readonly code: DeviceProblemCode };

const known = (code: ErrorCode): DeviceProblemCode =>
  code === 'device-denied' || code === 'device-missing' || code === 'device-busy' ? code : 'unsupported';

/**
 * The message for the problems of both devices; undefined when both work.
 * @param isSecureContext false on plain HTTP off localhost: browsers then hide the devices altogether.
 */
export function mediaProblem(
  mic: ErrorCode | undefined,
  camera: ErrorCode | undefined,
  isSecureContext: boolean,
): MediaProblem | undefined {
  if (!isSecureContext) return { about: 'insecure' };
  if (mic && camera && known(mic) === known(camera)) return { about: 'both', code: known(mic) };
  // Being heard matters more than being seen.
  if (mic) return { about: 'mic', code: known(mic) };
  if (camera) return { about: 'camera', code: known(camera) };
  return undefined;
}
