/**
 * Owns VP8 frames of a picture made of flat 16x16 blocks: a key frame, and the difference to an earlier picture. Every decoder shows
 * exactly these blocks (RFC 6386); no encoder is needed. Does not own what is on the picture (prepareMedia.ts).
 */
import { BoolEncoder } from './BoolEncoder.ts';
import {
  COEFFICIENT_PROBABILITIES,
  coefficientCategories,
  motionUpdateProbabilities,
  updateProbabilities,
  zeroMotionProbabilities,
} from './vp8Tables.ts';

/** Brightness of each block, row by row. Colour is the same everywhere. */
export interface BlockPicture {
  readonly columns: number;
  readonly rows: number;
  readonly luma: Uint8Array;
}

/**
 * With this quantizer one step of a luma DC coefficient is one step of brightness and one of a chroma DC coefficient four steps
 * of colour, without rounding: dc_q(35) is 32, twice that for Y2.
 */
const QUANTIZER_INDEX = 35;
/** Colour of the picture, in such steps from grey: a calm blue. */
const CHROMA_STEPS = [6, -4] as const;

const PROBABILITY_SKIP_FALSE = 8;
const PROBABILITY_INTRA = 8;
const PROBABILITY_LAST = 255;

/** Luma after Y2, Y2 and chroma; the type behind them, luma without Y2, is not used (RFC 6386, section 13.3). */
const USED_BLOCK_TYPES = 3;
/** The DC coefficient, and the end of block right behind it. */
const USED_BANDS = 2;
/** The probability that every node of the token trees that we use gets. */
const EVEN = 128;

/** A picture that needs no other. */
export function encodeKeyFrame(picture: BlockPicture, width: number, height: number): Uint8Array {
  const header = new BoolEncoder();
  header.literal(0, 2); // colour space, clamping needed
  writeCommonHeader(header);
  header.literal(1, 1); // these probabilities are kept
  writeCoefficientUpdates(header, true);
  header.literal(1, 1);
  header.literal(PROBABILITY_SKIP_FALSE, 8);
  const tokens = new TokenWriter();
  forEachBlock(picture, (column, row, index) => {
    const steps = stepsFrom(picture, column, row, index);
    const chroma = index === 0 ? CHROMA_STEPS : [0, 0];
    const skip = steps === 0 && index !== 0;
    header.write(PROBABILITY_SKIP_FALSE, skip);
    writeKeyFrameModes(header);
    if (!skip) tokens.block(steps, chroma);
  });
  const first = header.finish();
  return assemble(first, tokens.finish(), [
    ...frameTag(true, first.length),
    ...[0x9d, 0x01, 0x2a],
    ...[width & 0xff, width >> 8, height & 0xff, height >> 8],
  ]);
}

/**
 * What changed since `reference`, which has to be what the decoder kept last.
 * @param kept whether later frames refer to this one.
 */
export function encodeDeltaFrame(picture: BlockPicture, reference: BlockPicture, kept: boolean): Uint8Array {
  const header = new BoolEncoder();
  writeCommonHeader(header);
  header.literal(0, 2); // neither golden nor alternate frame is replaced
  header.literal(0, 4); // nor copied to
  header.literal(0, 2); // no sign bias
  header.literal(1, 1); // probabilities stay
  header.write(128, kept);
  writeCoefficientUpdates(header, false);
  header.literal(1, 1);
  for (const probability of [PROBABILITY_SKIP_FALSE, PROBABILITY_INTRA, PROBABILITY_LAST, EVEN]) {
    header.literal(probability, 8);
  }
  header.literal(0, 2); // no new probabilities of intra modes
  for (const probability of motionUpdateProbabilities) header.write(probability, false);
  const tokens = new TokenWriter();
  const { columns, luma } = picture;
  const isCopied = (column: number, row: number): boolean =>
    column >= 0 && row >= 0 && luma[row * columns + column] === reference.luma[row * columns + column];
  forEachBlock(picture, (column, row, index) => {
    const copied = isCopied(column, row);
    // What is drawn anew may turn out as predicted from its neighbours.
    const steps = copied ? 0 : stepsFrom(picture, column, row, index);
    header.write(PROBABILITY_SKIP_FALSE, steps === 0);
    header.write(PROBABILITY_INTRA, copied);
    if (copied) {
      header.write(PROBABILITY_LAST, false);
      const still =
        (isCopied(column, row - 1) ? 2 : 0) +
        (isCopied(column - 1, row) ? 2 : 0) +
        (isCopied(column - 1, row - 1) ? 1 : 0);
      header.write(zeroMotionProbabilities[still] ?? EVEN, false);
    } else {
      header.write(112, false); // luma predicted as the mean of its neighbours
      header.write(162, false); // chroma too
    }
    if (steps !== 0) tokens.block(steps, [0, 0]);
  });
  const first = header.finish();
  return assemble(first, tokens.finish(), frameTag(false, first.length));
}

/** Segments, loop filter, partitions and quantizer: all as plain as can be. */
function writeCommonHeader(header: BoolEncoder): void {
  header.literal(0, 1); // no segments
  header.literal(0, 1 + 6 + 3 + 1); // no loop filter: blocks stay flat
  header.literal(0, 2); // one token partition
  header.literal(QUANTIZER_INDEX, 7);
  header.literal(0, 5); // the same for all planes
}

function writeKeyFrameModes(header: BoolEncoder): void {
  // Luma, then chroma: predicted as the mean of the neighbours.
  header.write(145, true);
  header.write(156, false);
  header.write(163, false);
  header.write(142, false);
}

/** A key frame sets what our tokens use to even probabilities, which then hold until the next one. */
function writeCoefficientUpdates(header: BoolEncoder, isKeyFrame: boolean): void {
  for (let index = 0; index < COEFFICIENT_PROBABILITIES; index += 1) {
    const [type, band] = [Math.floor(index / 264), Math.floor(index / 33) % 8];
    const used = isKeyFrame && type < USED_BLOCK_TYPES && band < USED_BANDS;
    header.write(updateProbabilities[index] ?? 255, used);
    if (used) header.literal(EVEN, 8);
  }
}

/** By how much a block differs from what its neighbours above and to the left predict. */
function stepsFrom({ columns, luma }: BlockPicture, column: number, row: number, index: number): number {
  const above = luma[index - columns] ?? 0;
  const left = luma[index - 1] ?? 0;
  const wanted = luma[index] ?? 0;
  if (column === 0 && row === 0) return wanted - 128;
  if (row === 0) return wanted - left;
  if (column === 0) return wanted - above;
  return wanted - ((above + left + 1) >> 1);
}

function forEachBlock(
  { columns, rows }: BlockPicture,
  visit: (column: number, row: number, index: number) => void,
): void {
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) visit(column, row, row * columns + column);
  }
}

/** Frame type, version 0, shown, and the size of the first partition. */
function frameTag(isKeyFrame: boolean, firstSize: number): number[] {
  const tag = (isKeyFrame ? 0 : 1) | (1 << 4) | (firstSize << 5);
  return [tag & 0xff, (tag >> 8) & 0xff, (tag >> 16) & 0xff];
}

function assemble(first: Uint8Array, tokens: Uint8Array, start: readonly number[]): Uint8Array {
  const frame = new Uint8Array(start.length + first.length + tokens.length);
  frame.set(start);
  frame.set(first, start.length);
  frame.set(tokens, start.length + first.length);
  return frame;
}

/**
 * The second partition: coefficients of the blocks that have any, only DC ones, because blocks are flat. Which probability holds
 * depends on the neighbours; as all of ours are even, that needs no looking.
 */
class TokenWriter {
  readonly #encoder = new BoolEncoder();

  /** One macroblock: Y2 (the mean of its 16 luma blocks), these 16, four of each colour. */
  block(luma: number, chroma: readonly number[]): void {
    this.#dc(luma);
    for (let count = 0; count < 16; count += 1) this.#dc(0);
    for (const steps of chroma) {
      for (let count = 0; count < 4; count += 1) this.#dc(steps);
    }
  }

  finish(): Uint8Array {
    return this.#encoder.finish();
  }

  /** A block with nothing but this first coefficient, or with nothing at all; section 13.2 has the tree of tokens. */
  #dc(value: number): void {
    const size = Math.abs(value);
    this.#even(size > 0); // no: end of block
    if (size === 0) return;
    this.#even(true); // not zero
    this.#even(size > 1);
    if (size > 1) this.#size(size);
    this.#even(value < 0);
    this.#even(false); // end of block
  }

  #size(size: number): void {
    this.#even(size > 4);
    if (size <= 4) {
      this.#even(size > 2);
      if (size > 2) this.#even(size > 3);
      return;
    }
    const category = coefficientCategories.findLastIndex(({ from }) => size >= from);
    const { from, extra } = coefficientCategories[category] ?? { from: size, extra: [] };
    this.#even(category >= 2);
    if (category >= 2) this.#even(category >= 4);
    this.#even(category % 2 === 1);
    for (const [bit, probability] of extra.entries()) {
      this.#encoder.write(probability, (((size - from) >> (extra.length - 1 - bit)) & 1) === 1);
    }
  }

  #even(yes: boolean): void {
    this.#encoder.write(EVEN, yes);
  }
}
