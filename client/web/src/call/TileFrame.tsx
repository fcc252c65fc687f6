/**
 * Owns the frame of every tile: place, accessible name, states that style it. Does not own what is inside.
 */
import type { ReactNode } from 'react';
import type { Rect } from './gridLayout.ts';

/** A tile as a named group at its place on the stage. */
export function TileFrame({
  name,
  kind,
  place,
  speaking = false,
  reconnecting = false,
  children,
}: {
  /** The accessible name: exactly this, no states in it. */
  name: string;
  kind: 'participant' | 'screen';
  place: Rect;
  speaking?: boolean;
  reconnecting?: boolean;
  children: ReactNode;
}) {
  const { x, y, width, height } = place;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for form fields; this groups a picture with its controls
    <div
      role="group"
      aria-label={name}
      className="tile"
      data-kind={kind}
      data-speaking={speaking}
      data-reconnecting={reconnecting}
      style={{ transform: `translate(${x}px, ${y}px)`, width, height }}
    >
      {children}
    </div>
  );
}
