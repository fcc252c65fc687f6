/**
 * How the worker's set-up talks: plain lines, and a progress line that updates in place on a terminal and becomes a
 * line every 10 % elsewhere. Everything goes to stderr, stdout is for the result.
 */

/**
 * @typedef {object} Reporter
 * @property {(line: string) => void} say one finished line
 * @property {(title: string, done: number, total: number) => void} progress steps done so far; may be called often
 */

/**
 * @param {{isTTY?: boolean, write: (text: string) => unknown}} [stream] default: stderr
 * @returns {Reporter}
 */
export function createReporter(stream = process.stderr) {
  const live = stream.isTTY === true;
  let unfinished = false;
  let title = '';
  let shownTenth = -1;
  return {
    say(line) {
      stream.write(unfinished ? `\r\x1b[K${line}\n` : `${line}\n`);
      unfinished = false;
    },
    progress(newTitle, done, total) {
      const percent = total > 0 ? Math.floor((100 * done) / total) : 0;
      const line = `  ${newTitle}: ${done} of ${total} steps, ${percent} %`;
      if (newTitle !== title) shownTenth = -1;
      title = newTitle;
      if (live) {
        stream.write(`\r\x1b[K${line}`);
        unfinished = true;
      } else if (Math.floor(percent / 10) > shownTenth) {
        stream.write(`${line}\n`);
      }
      shownTenth = Math.max(shownTenth, Math.floor(percent / 10));
    },
  };
}
