/**
 * Owns which key does what in a call, and when keys belong to something else. Does not own the actions.
 */

/** Everything that a key can do. */
export type ShortcutAction =
  | 'mic'
  | 'camera'
  | 'share'
  | 'chat'
  | 'participants'
  | 'nextPage'
  | 'previousPage'
  | 'help';

/** Keys in the order in which the help lists them. Letters, because they are on every keyboard; pages have keys of their own. */
export const shortcuts: readonly { readonly key: string; readonly action: ShortcutAction }[] = [
  { key: 'm', action: 'mic' },
  { key: 'v', action: 'camera' },
  { key: 's', action: 'share' },
  { key: 'c', action: 'chat' },
  { key: 'p', action: 'participants' },
  { key: 'pagedown', action: 'nextPage' },
  { key: 'pageup', action: 'previousPage' },
  { key: '?', action: 'help' },
];

/** The parts of a keyboard event that matter here. */
export type KeyPress = Pick<
  KeyboardEvent,
  'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'repeat' | 'isComposing' | 'defaultPrevented'
>;

/**
 * The action of a key press; undefined when it is none of ours: typing, a browser's shortcut, a held key.
 * @param inText whether the press goes to a text field, a list of choices or an open dialog.
 */
export function shortcutOf(press: KeyPress, inText: boolean): ShortcutAction | undefined {
  if (inText || press.ctrlKey || press.metaKey || press.altKey) return undefined;
  if (press.repeat || press.isComposing || press.defaultPrevented) return undefined;
  return shortcuts.find(({ key }) => key === press.key.toLowerCase())?.action;
}

const TYPED_AT = 'input, textarea, select, [contenteditable], [role=menu], dialog';
/** Scrolls by these keys itself. */
const SCROLLED = '.panel';

/** Whether a key pressed at this element belongs to it: text fields, lists of choices, menus, dialogs; what scrolls, by page keys. */
export const takesKeys = (target: EventTarget | null, key: string): boolean =>
  target instanceof Element &&
  (target.closest(TYPED_AT) !== null || (key.startsWith('Page') && target.closest(SCROLLED) !== null));
