/**
 * Owns the frame of every tile: place, accessible name, states that style it, and telling the call of its size.
 * Does not own what is inside.
 */
import type { ViewTile } from '@parley/client';
import { useTileView } from '@parley/react';
import { type ReactNode, useRef } from 'react';
import type { Rect } from './gridLayout.ts';

/** What every tile is told by the stage. `onPin` gets the tile's key. */
export interface TileProps extends Rect {
  readonly peerId: string;
  readonly spotlight: boolean;
  readonly pinned: boolean;
  readonly onPin: (key: string) => void;
  readonly withModeration: boolean;
}

/** A tile as a named group at its place on the stage. */
export function TileFrame({
  name,
  kind,
  place,
  view,
  speaking = false,
  reconnecting = false,
  children,
}: {
  /** The accessible name: exactly this, no states in it. */
  name: string;
  kind: 'participant' | 'screen';
  place: Rect;
  /** What the call is told of it: whose picture, and how much it matters. */
  view: Pick<ViewTile, 'peerId' | 'source' | 'priority'>;
  speaking?: boolean;
  reconnecting?: boolean;
  children: ReactNode;
}) {
  const { x, y, width, height } = place;
  const frame = useRef<HTMLDivElement>(null);
  useTileView(frame, view);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for form fields; this groups a picture with its controls
    <div
      ref={frame}
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
