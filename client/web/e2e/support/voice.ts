/**
 * Owns a microphone that speaks when a test says so: a tone, and digital silence between. Does not own what is heard of it.
 */
import type { Page } from 'playwright-core';

declare global {
  interface Window {
    /** How loud the tone is. */
    testVoice?: GainNode;
  }
}

/** As loud as somebody close to the microphone. */
const LOUD = 0.3;

/** To be run before the page's own scripts: the microphone is this tone. */
export function installVoice(): void {
  const { mediaDevices } = navigator;
  const original = mediaDevices.getUserMedia.bind(mediaDevices);
  mediaDevices.getUserMedia = async (constraints = {}) => {
    if (!constraints.audio) return original(constraints);
    const context = new AudioContext();
    const [tone, gain] = [
      new OscillatorNode(context, { frequency: 440 }),
      new GainNode(context, { gain: 0 }),
    ];
    const microphone = context.createMediaStreamDestination();
    tone.connect(gain).connect(microphone);
    tone.start();
    window.testVoice = gain;
    if (constraints.video) {
      const pictures = await original({ video: constraints.video });
      for (const track of pictures.getVideoTracks()) microphone.stream.addTrack(track);
    }
    return microphone.stream;
  };
}

/** From now on it speaks, or is silent. */
export const speak = (page: Page, speaks: boolean): Promise<void> =>
  page.evaluate(
    (gain) => {
      if (!window.testVoice) throw new Error('no microphone was opened');
      window.testVoice.gain.value = gain;
    },
    speaks ? LOUD : 0,
  );
