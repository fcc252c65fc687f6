/**
 * The engine of the load tool: bots that are real WebRTC peers. Start with `prepareMedia()`, once per process, and {@link Bot.join}.
 */
export { Bot } from './Bot.ts';
export { type PreparedMedia, prepareMedia } from './source/prepareMedia.ts';
export { countSrtpRepeats } from './srtpRepeats.ts';
export type * from './types.ts';

/**
 * What a Node process that runs bots is to be started with. Each packet is a buffer of its own, freed when the young generation is
 * collected: a small one frees them before their sum looks to V8 like a reason to mark the whole heap, every second or so.
 */
export const botProcessFlags: readonly string[] = ['--max-semi-space-size=2'];
