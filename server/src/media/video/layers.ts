/**
 * Owns which layers a picture of some size needs: what a publication offers, by its RTP parameters, and the choice among it.
 * Does not own what clients show (Views) nor what consumers are told (RoomVideo).
 */
import type { RtpParameters } from '@parley/protocol';
import { parseScalabilityMode } from 'mediasoup';

/** What a publication offers to choose from. */
export interface VideoLayers {
  /** Of each spatial layer, lowest first, in pixels: only their ratio is known for certain. */
  readonly heights: readonly number[];
  readonly temporal: number;
  /** Streams that the publisher can switch one by one. With simulcast one for each spatial layer, else 1. */
  readonly encodings: number;
}

/** What a consumer is asked to be sent. */
export interface LayerChoice {
  readonly spatialLayer: number;
  readonly temporalLayer: number;
}

/** Height of the highest of so many layers: cameras with two are smaller ones, see the SDK's encodings. */
const TOP_HEIGHTS: readonly number[] = [720, 720, 360, 720];
/** A layer that is drawn larger by so little looks as sharp as one that is scaled down, and costs a quarter. */
const ENOUGH = 0.75;
/** Nobody sees whether a stamp has 15 or 30 pictures a second. */
const TINY_HEIGHT = 100;

/** What a video publication offers. */
export function layersOf({ encodings = [] }: RtpParameters): VideoLayers {
  const { spatialLayers, temporalLayers } = parseScalabilityMode(encodings[0]?.scalabilityMode);
  const simulcast = encodings.length > 1;
  const count = simulcast ? encodings.length : spatialLayers;
  const scales = Array.from({ length: count }, (_, layer) => {
    const halves = 2 ** (count - 1 - layer);
    return simulcast ? (encodings[layer]?.scaleResolutionDownBy ?? halves) : halves;
  });
  const top = (TOP_HEIGHTS[count] ?? 720) * Math.min(...scales);
  return {
    heights: scales.map((scale) => top / scale),
    temporal: temporalLayers,
    encodings: Math.max(1, encodings.length),
  };
}

/** Everything that is offered. */
export const allLayers = ({ heights, temporal }: VideoLayers): LayerChoice => ({
  spatialLayer: heights.length - 1,
  temporalLayer: temporal - 1,
});

/** The lowest layers that fill a tile of so many device pixels, which the picture may be cropped to. */
export function layersFor(tile: { width: number; height: number }, layers: VideoLayers): LayerChoice {
  const height = Math.max(tile.height, (tile.width * 9) / 16);
  const enough = layers.heights.findIndex((offered) => offered >= height * ENOUGH);
  const top = allLayers(layers);
  return {
    spatialLayer: enough === -1 ? top.spatialLayer : enough,
    temporalLayer: height < TINY_HEIGHT ? Math.min(top.temporalLayer, 1) : top.temporalLayer,
  };
}
