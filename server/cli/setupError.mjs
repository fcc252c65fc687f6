/**
 * The one error of the command line: a cause and a mend, in words for the person at the keyboard.
 * Anything else that is thrown under server/cli is a defect of ours and keeps its stack.
 */

/** An obstacle that the user can remove. `mend` says how; it may hold several lines. */
export class SetupError extends Error {
  /**
   * @param {string} cause what is wrong, one sentence
   * @param {string} [mend] what to do about it, where the cause does not say it already
   */
  constructor(cause, mend = '') {
    super(cause);
    this.name = 'SetupError';
    this.mend = mend;
  }
}
