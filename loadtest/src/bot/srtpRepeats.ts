/**
 * Owns the count of packets that the network brought twice: SRTP drops the second one before anybody sees it, and only the native
 * stack's log tells, once a second, for the whole process. Does not own what is counted per track (account/).
 */
import { initLogger } from 'node-datachannel';

/**
 * Begins to count; gives the way to read the count. Once per process, which then ends only by `process.exit()`: the native log
 * holds on to it.
 */
export function countSrtpRepeats(): () => number {
  let count = 0;
  initLogger('Warning', (_level, message) => {
    const told = /SRTP replay packets received: (\d+)/.exec(message)?.[1];
    if (told !== undefined) count += Number(told);
  });
  return () => count;
}
