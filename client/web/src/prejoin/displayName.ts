/**
 * Owns what is wrong with a typed display name. Does not own the rule: the protocol does.
 */
import { DisplayName } from '@parley/client';

/** A usable name in its normal form, or the cause why it is none. */
export type NameCheck =
  | { readonly ok: true; readonly displayName: string }
  | { readonly ok: false; readonly problem: 'empty' | 'tooLong' | 'characters' };

/** Checks a display name: 1-60 characters, nothing invisible that steers text. */
export function checkDisplayName(typed: string): NameCheck {
  const parsed = DisplayName.safeParse(typed);
  if (parsed.success) return { ok: true, displayName: parsed.data };
  const length = [...typed.trim()].length;
  if (length === 0) return { ok: false, problem: 'empty' };
  return { ok: false, problem: length > 60 ? 'tooLong' : 'characters' };
}
