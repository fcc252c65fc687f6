/**
 * Owns the constants of VP8 that our frames need, as RFC 6386 gives them. Does not own what is written with them (vp8Frames.ts).
 */

/** [block type][band][context][node], flat: 4 x 8 x 3 x 11. */
export const COEFFICIENT_PROBABILITIES = 4 * 8 * 3 * 11;

/** Section 13.4: where the probability of "no update" is not 255, as index, probability, index, probability ... */
const UPDATE_EXCEPTIONS: readonly number[] = [
  33, 176, 34, 246, 44, 223, 45, 241, 46, 252, 55, 249, 56, 253, 57, 253, 67, 244, 68, 252, 77, 234, 78, 254,
  79, 254, 88, 253, 100, 246, 101, 254, 110, 239, 111, 253, 112, 254, 121, 254, 123, 254, 133, 248, 134, 254,
  143, 251, 145, 254, 166, 253, 167, 254, 176, 251, 177, 254, 178, 254, 187, 254, 189, 254, 199, 254, 200,
  253, 202, 254, 209, 250, 211, 254, 213, 254, 220, 254, 264, 217, 275, 225, 276, 252, 277, 241, 278, 253,
  281, 254, 286, 234, 287, 250, 288, 241, 289, 250, 290, 253, 292, 253, 293, 254, 298, 254, 308, 223, 309,
  254, 310, 254, 319, 238, 320, 253, 321, 254, 322, 254, 331, 248, 332, 254, 341, 249, 342, 254, 364, 253,
  374, 247, 375, 254, 397, 253, 398, 254, 407, 252, 430, 254, 431, 254, 440, 253, 463, 254, 464, 253, 473,
  250, 484, 254, 528, 186, 529, 251, 530, 250, 539, 234, 540, 251, 541, 244, 542, 254, 550, 251, 551, 251,
  552, 243, 553, 253, 554, 254, 556, 254, 562, 253, 563, 254, 572, 236, 573, 253, 574, 254, 583, 251, 584,
  253, 585, 253, 586, 254, 587, 254, 595, 254, 596, 254, 605, 254, 606, 254, 607, 254, 628, 254, 638, 254,
  639, 254, 649, 254, 671, 254, 792, 248, 803, 250, 804, 254, 805, 252, 806, 254, 814, 248, 815, 254, 816,
  249, 817, 253, 826, 253, 827, 253, 836, 246, 837, 253, 838, 253, 847, 252, 848, 254, 849, 251, 850, 254,
  851, 254, 859, 254, 860, 252, 869, 248, 870, 254, 871, 253, 880, 253, 882, 254, 883, 254, 892, 251, 893,
  254, 902, 245, 903, 251, 904, 254, 913, 253, 914, 253, 915, 254, 925, 251, 926, 253, 935, 252, 936, 253,
  937, 254, 947, 254, 958, 252, 968, 249, 970, 254, 981, 254, 992, 253, 1001, 250, 1034, 254,
];

/** Probability, of 256, that a coefficient probability is not updated; by flat index. */
export const updateProbabilities: Uint8Array = new Uint8Array(COEFFICIENT_PROBABILITIES).fill(255);
for (let at = 0; at < UPDATE_EXCEPTIONS.length; at += 2) {
  updateProbabilities[UPDATE_EXCEPTIONS[at] ?? 0] = UPDATE_EXCEPTIONS[at + 1] ?? 255;
}

/** Section 17.2: probability that a motion vector probability is not updated. */
export const motionUpdateProbabilities: readonly number[] = [
  237, 246, 253, 253, 254, 254, 254, 254, 254, 254, 254, 254, 254, 254, 250, 250, 252, 254, 254, 231, 243,
  245, 253, 254, 254, 254, 254, 254, 254, 254, 254, 254, 254, 251, 251, 254, 254, 254,
];

/** Section 18.3: probability of a zero motion vector, by how many neighbours have one too (above and left count twice). */
export const zeroMotionProbabilities: readonly number[] = [7, 14, 135, 60, 159, 234];

/** Section 13.2: from which value a category of large coefficients begins, and the probabilities of its extra bits. */
export const coefficientCategories: readonly { readonly from: number; readonly extra: readonly number[] }[] =
  [
    { from: 5, extra: [159] },
    { from: 7, extra: [165, 145] },
    { from: 11, extra: [173, 148, 140] },
    { from: 19, extra: [176, 155, 140, 135] },
    { from: 35, extra: [180, 157, 141, 134, 130] },
    { from: 67, extra: [254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129] },
  ];
