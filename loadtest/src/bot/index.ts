/**
 * The engine of the load tool: bots that are real WebRTC peers. Start with `prepareMedia()`, once per process, and {@link Bot.join}.
 */
export { Bot } from './Bot.ts';
export { type PreparedMedia, prepareMedia } from './source/prepareMedia.ts';
export { countSrtpRepeats } from './srtpRepeats.ts';
export type * from './types.ts';
