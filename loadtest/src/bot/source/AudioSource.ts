/**
 * Owns a bot's microphone: Opus every 20 ms while it speaks; in silence DTX, a packet every 400 ms.
 * Does not own when it speaks (Turns) nor the packets' content (prepareMedia.ts).
 */
import type { OutgoingStream } from '../rtp/OutgoingStream.ts';
import type { WheelTask } from '../Wheel.ts';
import { AUDIO_PACKET_MS, type PreparedMedia } from './prepareMedia.ts';
import type { Turns } from './Turns.ts';

/** How often libopus refreshes silence. */
const SILENCE_EVERY_MS = 400;
/** How soon to look again whether the path is open. */
const WAIT_MS = 20;
const SILENCE_LEVEL = 127;
/** Loudness of speech, in -dBov; it varies by half of it. */
const SPEECH_LEVEL = 20;

/** A microphone that can be stopped and started again. */
export class AudioSource implements WheelTask {
  readonly #stream: OutgoingStream;
  readonly #media: PreparedMedia;
  readonly #turns: Turns;
  readonly #isOpen: () => boolean;
  #nextMs: number;
  #count = 0;
  #wasSpeaking = false;
  #running = true;
  #closed = false;

  constructor(stream: OutgoingStream, media: PreparedMedia, turns: Turns, isOpen: () => boolean) {
    this.#stream = stream;
    this.#media = media;
    this.#turns = turns;
    this.#isOpen = isOpen;
    // Whole milliseconds: timestamps then step by 960 exactly.
    this.#nextMs = Math.floor(performance.now());
  }

  /** Starts or stops it. */
  setRunning(running: boolean): void {
    this.#running = running;
  }

  run(nowMs: number): number {
    if (this.#closed) return 0;
    const isSending = this.#running && this.#isOpen();
    if (!isSending) this.#wasSpeaking = false;
    // A busy machine's microphone drops what was not fetched for long.
    if (!isSending || nowMs - this.#nextMs > SILENCE_EVERY_MS) {
      const behind = Math.max(0, nowMs - this.#nextMs);
      this.#nextMs += Math.ceil(behind / AUDIO_PACKET_MS) * AUDIO_PACKET_MS;
      if (!isSending) return WAIT_MS;
    }
    while (this.#nextMs <= nowMs) this.#sendNext();
    return this.#nextMs - nowMs;
  }

  /** Ends it. Idempotent. */
  close(): void {
    this.#closed = true;
  }

  #sendNext(): void {
    const { speech, silence } = this.#media;
    const isSpeaking = this.#turns.isSpeaking(this.#nextMs);
    const timestamp = this.#stream.timestampAt(this.#nextMs);
    this.#count += 1;
    const packet = isSpeaking ? speech[this.#count % speech.length] : silence;
    if (packet) {
      const level = isSpeaking ? SPEECH_LEVEL + (this.#count % 10) : SILENCE_LEVEL;
      this.#stream.sendAudio(packet, timestamp, level, isSpeaking, isSpeaking && !this.#wasSpeaking);
    }
    this.#wasSpeaking = isSpeaking;
    this.#nextMs += isSpeaking ? AUDIO_PACKET_MS : this.#silenceMs();
  }

  /** Until the next refresh, or the next word if that comes first. */
  #silenceMs(): number {
    const untilWord = this.#turns.nextChangeMs - this.#nextMs;
    const packets = Math.min(SILENCE_EVERY_MS, Math.max(untilWord, AUDIO_PACKET_MS)) / AUDIO_PACKET_MS;
    return Math.ceil(packets) * AUDIO_PACKET_MS;
  }
}
