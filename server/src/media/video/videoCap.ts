/**
 * Owns what a worker that is full still sends of a picture, by how much the picture matters: the least important falls first.
 * Does not own when it is full (load/) nor which picture matters how much (RoomVideo). Pure.
 */
import type { LayerChoice, VideoLayers } from './layers.ts';

/** From the least important on. `speaker`: or who is pinned. A screen is what a call is about while it is shown. */
export type Rank = 'ordinary' | 'speaker' | 'screen';

/** Layers up to these; `halvings`: how often the frame rate is halved. */
interface Cap {
  readonly spatialLayer: number;
  readonly halvings: number;
}

const FULL: Cap = { spatialLayer: Number.POSITIVE_INFINITY, halvings: 0 };
const HALF_RATE: Cap = { ...FULL, halvings: 1 };
const QUARTER_RATE: Cap = { ...FULL, halvings: 2 };
const MIDDLE: Cap = { ...QUARTER_RATE, spatialLayer: 1 };
const LOWEST: Cap = { ...QUARTER_RATE, spatialLayer: 0 };
const OFF = undefined;

/** By level. */
const caps: Readonly<Record<Rank, readonly (Cap | undefined)[]>> = {
  ordinary: [FULL, HALF_RATE, QUARTER_RATE, MIDDLE, LOWEST, OFF, OFF, OFF],
  speaker: [FULL, FULL, FULL, FULL, FULL, FULL, LOWEST, OFF],
  screen: [FULL, FULL, FULL, FULL, FULL, FULL, FULL, OFF],
};

/** What is left of a choice of layers at a level (ShedPolicy); undefined: nothing of the picture is sent. */
export function capped(
  { spatialLayer, temporalLayer }: LayerChoice,
  { temporal }: VideoLayers,
  rank: Rank,
  level: number,
): LayerChoice | undefined {
  const cap = caps[rank][level];
  if (!cap) return undefined;
  return {
    spatialLayer: Math.min(spatialLayer, cap.spatialLayer),
    temporalLayer: Math.min(temporalLayer, Math.max(0, temporal - 1 - cap.halvings)),
  };
}
