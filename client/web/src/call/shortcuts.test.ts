/**
 * Tests of the keyboard shortcuts: what they do and when they keep out of the way.
 */
import { describe, expect, it } from 'vitest';
import { type KeyPress, shortcutOf, shortcuts } from './shortcuts.ts';

const press = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  repeat: false,
  isComposing: false,
  defaultPrevented: false,
  ...more,
});

describe('shortcuts', () => {
  it('has one action per key and one key per action', () => {
    expect(new Set(shortcuts.map(({ key }) => key)).size).toBe(shortcuts.length);
    expect(new Set(shortcuts.map(({ action }) => action)).size).toBe(shortcuts.length);
  });

  it('finds the action, with caps lock too', () => {
    expect(shortcutOf(press('m'), false)).toBe('mic');
    expect(shortcutOf(press('M'), false)).toBe('mic');
    expect(shortcutOf(press('?'), false)).toBe('help');
    expect(shortcutOf(press('PageDown'), false)).toBe('nextPage');
    expect(shortcutOf(press('x'), false)).toBeUndefined();
  });

  it('does nothing while typing', () => {
    expect(shortcutOf(press('m'), true)).toBeUndefined();
    expect(shortcutOf(press('m', { isComposing: true }), false)).toBeUndefined();
  });

  it.each([
    { ctrlKey: true },
    { metaKey: true },
    { altKey: true },
    { repeat: true },
    { defaultPrevented: true },
  ])('leaves %o to the browser', (more) => {
    expect(shortcutOf(press('c', more), false)).toBeUndefined();
  });
});
