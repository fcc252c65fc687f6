/**
 * Owns Janus' configuration: Debian's own, and what is changed in it to tune it. Does not own its process (janus.ts).
 */

/** Comments out what is set, so that our line is the only one. */
function set(text: string, section: string, key: string, value: string): string {
  const without = text.replace(new RegExp(`^(\\s*)(${key}\\s*=)`, 'gm'), '$1#$2');
  const start = new RegExp(`^${section}\\s*:\\s*\\{`, 'm');
  if (!start.test(without)) throw new Error(`janus.jcfg has no section ${section}`);
  return without.replace(start, (opening) => `${opening}\n\t${key} = ${value}`);
}

/** Which files of Debian's folder are changed, and how. */
export type ConfigChange = (fileName: string, text: string) => string;

/** As Debian ships it. */
export const asShipped: ConfigChange = (_fileName, text) => text;

/**
 * Threads shared by all handles instead of one thread per handle, nothing logged but errors, short JSON.
 * @param eventLoops as many as it has cores.
 */
export const tuned =
  (eventLoops: number): ConfigChange =>
  (fileName, text) => {
    if (fileName === 'janus.jcfg') {
      return set(set(text, 'general', 'event_loops', String(eventLoops)), 'general', 'debug_level', '2');
    }
    if (fileName === 'janus.transport.websockets.jcfg') return set(text, 'general', 'json', '"compact"');
    return text;
  };
