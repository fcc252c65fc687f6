/**
 * Owns leafing by finger. Does not own what is leafed.
 */
import { type PointerEvent, useRef } from 'react';

/** Shorter, or steeper, was no swipe. */
const SWIPE_PIXELS = 60;
const STEEPEST = 0.6;

/** Handlers for an element on which people swipe sideways: `onSwipe(1)` for the next page, `-1` for the one before. */
export function useSwipe(onSwipe: (step: 1 | -1) => void) {
  const start = useRef<{ readonly x: number; readonly y: number } | undefined>(undefined);
  return {
    onPointerDown: (event: PointerEvent) => {
      const isFinger = event.pointerType === 'touch' && event.isPrimary;
      start.current = isFinger ? { x: event.clientX, y: event.clientY } : undefined;
    },
    onPointerUp: (event: PointerEvent) => {
      const from = start.current;
      start.current = undefined;
      if (!from) return;
      const [x, y] = [event.clientX - from.x, event.clientY - from.y];
      if (Math.abs(x) >= SWIPE_PIXELS && Math.abs(y) <= Math.abs(x) * STEEPEST) onSwipe(x < 0 ? 1 : -1);
    },
    onPointerCancel: () => {
      start.current = undefined;
    },
  };
}
