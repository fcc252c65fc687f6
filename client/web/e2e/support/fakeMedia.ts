/**
 * Owns the pictures and tones that tell participants apart: Y4M and WAV files for Chromium's fake devices.
 * Does not own how they are measured on arrival (probes.ts).
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A colour as shown and a tone as heard. Hues and frequencies lie far apart, so that coding cannot mix them up. */
export interface Look {
  readonly rgb: readonly [number, number, number];
  readonly toneHz: number;
}

/** What a camera shows, in pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** One look per participant of a test. */
export const looks = {
  red: { rgb: [200, 40, 40], toneHz: 440 },
  green: { rgb: [40, 170, 60], toneHz: 750 },
  blue: { rgb: [40, 70, 200], toneHz: 1150 },
  yellow: { rgb: [210, 190, 40], toneHz: 1700 },
} as const satisfies Record<string, Look>;

/** Small, because several people's pictures are coded on few cores. */
const SMALL: PictureSize = { width: 320, height: 180 };
const FRAMES_PER_SECOND = 10;
const SECONDS = 2;

/** BT.601, limited range: what Chromium assumes for Y4M. */
function toYuv([r, g, b]: Look['rgb']): [number, number, number] {
  return [
    16 + (65.738 * r + 129.057 * g + 25.064 * b) / 256,
    128 + (-37.945 * r - 74.494 * g + 112.439 * b) / 256,
    128 + (112.439 * r - 94.154 * g - 18.285 * b) / 256,
  ].map(Math.round) as [number, number, number];
}

function picture(look: Look, { width, height }: PictureSize): Buffer {
  const [y, u, v] = toYuv(look.rgb);
  const parts = [Buffer.from(`YUV4MPEG2 W${width} H${height} F${FRAMES_PER_SECOND}:1 Ip A1:1 C420jpeg\n`)];
  for (let frame = 0; frame < FRAMES_PER_SECOND * SECONDS; frame++) {
    const luma = Buffer.alloc(width * height, y);
    // A bar that moves along the top edge, so that there is motion to code; the middle stays plain to be measured.
    for (let row = 0; row < 16; row++) {
      luma.fill(235, row * width + frame * 12, row * width + frame * 12 + 24);
    }
    const chroma = (width / 2) * (height / 2);
    parts.push(Buffer.from('FRAME\n'), luma, Buffer.alloc(chroma, u), Buffer.alloc(chroma, v));
  }
  return Buffer.concat(parts);
}

function sound(look: Look): Buffer {
  const rate = 48_000;
  const samples = rate * SECONDS;
  const data = Buffer.alloc(44 + samples * 2);
  data.write('RIFF', 0);
  data.writeUInt32LE(36 + samples * 2, 4);
  data.write('WAVEfmt ', 8);
  data.writeUInt32LE(16, 16);
  data.writeUInt16LE(1, 20);
  data.writeUInt16LE(1, 22);
  data.writeUInt32LE(rate, 24);
  data.writeUInt32LE(rate * 2, 28);
  data.writeUInt16LE(2, 32);
  data.writeUInt16LE(16, 34);
  data.write('data', 36);
  data.writeUInt32LE(samples * 2, 40);
  for (let index = 0; index < samples; index++) {
    const time = index / rate;
    // In bursts, because noise suppression takes a steady tone for noise.
    const burst = Math.sin(2 * Math.PI * 2 * time) > -0.2 ? 1 : 0;
    data.writeInt16LE(
      Math.round(14_000 * burst * Math.sin(2 * Math.PI * look.toneHz * time)),
      44 + index * 2,
    );
  }
  return data;
}

/** Writes both files of a look into a folder. */
export async function writeFakeMedia(
  folder: string,
  look: Look,
  size: PictureSize = SMALL,
): Promise<{ video: string; audio: string }> {
  await mkdir(folder, { recursive: true });
  const video = join(folder, `${look.toneHz}.y4m`);
  const audio = join(folder, `${look.toneHz}.wav`);
  await Promise.all([writeFile(video, picture(look, size)), writeFile(audio, sound(look))]);
  return { video, audio };
}
