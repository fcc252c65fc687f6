/**
 * Owns a bot's camera: which prepared frame goes out when on each simulcast layer, key frames on request, layers that are stopped.
 * Does not own the frames (prepareMedia.ts) nor packets (OutgoingStream).
 */
import { type OutgoingStream, vp8Frame } from '../rtp/OutgoingStream.ts';
import type { WheelTask } from '../Wheel.ts';
import { FRAME_RATE, type PreparedFrame, TEMPORAL_PATTERN, type VideoLayer } from './prepareMedia.ts';

const FRAME_MS = 1000 / FRAME_RATE;
/** As an encoder does it: a burst of requests is answered by one key frame. */
const KEY_FRAME_PAUSE_MS = 300;
/** Key frames are spread a little, as a browser's pacer does: so many packets of a layer at once, then a pause. */
const BURST_PACKETS = 10;
const PACING_MS = 5;
/** How soon to look again whether the path is open. */
const WAIT_MS = 20;

/** One simulcast layer of a camera. */
export interface SentLayer {
  readonly stream: OutgoingStream;
  readonly prepared: VideoLayer;
}

/** A camera that can be stopped, and started again with a key frame. */
export class VideoSource implements WheelTask {
  readonly #layers: readonly LayerSender[];
  readonly #isOpen: () => boolean;
  #nextFrameMs = 0;
  #closed = false;
  #running = true;

  /** @param phase 0 to 1: at which part of a frame's time it sends, so that not all bots send at once. */
  constructor(layers: readonly SentLayer[], period: number, phase: number, isOpen: () => boolean) {
    this.#layers = layers.map((layer) => new LayerSender(layer, period, phase));
    this.#isOpen = isOpen;
    this.#nextFrameMs = performance.now() + phase * FRAME_MS;
  }

  requestKeyFrame(layer: number): void {
    this.#layers[layer]?.requestKeyFrame();
  }

  /** Starts or stops single layers, as the server asks. */
  setLayerActive(layer: number, active: boolean): void {
    this.#layers[layer]?.setActive(active);
  }

  /** Starts or stops all. */
  setRunning(running: boolean): void {
    if (running && !this.#running) for (const layer of this.#layers) layer.requestKeyFrame();
    this.#running = running;
  }

  run(nowMs: number): number {
    if (this.#closed) return 0;
    if (!this.#running || !this.#isOpen()) {
      this.#nextFrameMs = Math.max(this.#nextFrameMs, nowMs);
      return WAIT_MS;
    }
    if (nowMs >= this.#nextFrameMs) {
      for (const layer of this.#layers) layer.begin(this.#nextFrameMs);
      this.#nextFrameMs += FRAME_MS;
      // A camera drops what a busy machine does not fetch; it does not deliver it in a burst later.
      if (nowMs - this.#nextFrameMs > FRAME_MS) this.#nextFrameMs = nowMs;
    }
    let isSending = false;
    for (const layer of this.#layers) isSending = layer.send(BURST_PACKETS) || isSending;
    return isSending ? PACING_MS : Math.max(1, this.#nextFrameMs - nowMs);
  }

  /** Ends it. Idempotent. */
  close(): void {
    this.#closed = true;
  }
}

class LayerSender {
  readonly #stream: OutgoingStream;
  readonly #prepared: VideoLayer;
  readonly #period: number;
  #active = true;
  #place = 0;
  #pictureId: number;
  #tl0: number;
  #keyFrameWanted = true;
  #keyFrameAtMs = Number.NEGATIVE_INFINITY;
  /** What is being sent, and how far it is. */
  #parts: PreparedFrame = [];
  #nextPart = 0;
  #frame = 0;
  #timestamp = 0;

  constructor({ stream, prepared }: SentLayer, period: number, phase: number) {
    this.#stream = stream;
    this.#prepared = prepared;
    this.#period = period;
    this.#pictureId = Math.floor(phase * 0x7fff);
    this.#tl0 = Math.floor(phase * 0xff);
  }

  requestKeyFrame(): void {
    this.#keyFrameWanted = true;
  }

  setActive(active: boolean): void {
    if (active && !this.#active) this.requestKeyFrame();
    this.#active = active;
  }

  /** The next frame; what is left of the one before goes out first. */
  begin(captureMs: number): void {
    this.send(Number.POSITIVE_INFINITY);
    if (!this.#active) return;
    const isKeyFrame = this.#keyFrameWanted && captureMs - this.#keyFrameAtMs >= KEY_FRAME_PAUSE_MS;
    if (isKeyFrame) {
      this.#keyFrameWanted = false;
      this.#keyFrameAtMs = captureMs;
      // A key frame begins the pattern of temporal layers.
      const length = TEMPORAL_PATTERN.length;
      this.#place = (Math.ceil(this.#place / length) * length) % this.#period;
    }
    const place = this.#place;
    const temporalLayer = TEMPORAL_PATTERN[place % TEMPORAL_PATTERN.length] ?? 0;
    this.#place = (place + 1) % this.#period;
    this.#pictureId = (this.#pictureId + 1) & 0x7fff;
    if (temporalLayer === 0) this.#tl0 = (this.#tl0 + 1) & 0xff;
    this.#parts = (isKeyFrame ? this.#prepared.keyFrames[place] : this.#prepared.deltaFrames[place]) ?? [];
    this.#nextPart = 0;
    this.#frame = vp8Frame(this.#pictureId, this.#tl0, temporalLayer);
    this.#timestamp = this.#stream.timestampAt(captureMs);
  }

  /** Sends at most so many packets of the frame; gives whether something is left. */
  send(atMost: number): boolean {
    const parts = this.#parts;
    const end = Math.min(parts.length, this.#nextPart + atMost);
    for (let index = this.#nextPart; index < end; index += 1) {
      const part = parts[index];
      if (!part) break;
      this.#stream.sendVp8(part, this.#frame, this.#timestamp, index === 0, index === parts.length - 1);
    }
    this.#nextPart = end;
    return end < parts.length;
  }
}
