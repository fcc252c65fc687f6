/**
 * Owns the charts of the page: lines over time and percentile curves, as SVG text without any script.
 * Does not own which charts there are (html.ts). Colours are classes; the page's style sheet gives them, light and dark.
 */

/** A line. */
export interface Line {
  readonly label: string;
  /** One for each place on the axis; null: not known there. */
  readonly values: readonly (number | null)[];
}

/** A chart of lines. */
export interface Chart {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly Line[];
  /** What stands below the axis, one for each place; those that are empty get no mark. */
  readonly places: readonly string[];
  /** Where something new begins, with its name. */
  readonly marks?: readonly { readonly place: number; readonly label: string }[];
  readonly scale?: 'linear' | 'logarithmic';
}

const WIDTH = 640;
const HEIGHT = 240;
const MARGIN = { left: 56, right: 12, top: 18, bottom: 24 };
const PLOT = { width: WIDTH - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };

/** A figure with heading, legend and drawing; undefined when nothing is known. */
export function chartFigure(chart: Chart): string | undefined {
  const lines = chart.lines.filter(({ values }) => values.some((value) => value !== null));
  if (lines.length === 0) return undefined;
  const legend = lines.map(
    ({ label, values }, index) =>
      `<li><i class="s${index}"></i>${htmlText(label)} <b>${short(maximum(values))}</b> max</li>`,
  );
  return `<figure><figcaption>${htmlText(chart.title)} <small>${htmlText(chart.unit)}</small></figcaption>
<ul class="legend">${legend.join('')}</ul>${drawing({ ...chart, lines })}</figure>`;
}

/** Text that is safe in HTML. */
export const htmlText = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

function drawing({ title, lines, places, marks = [], scale = 'linear' }: Chart): string {
  const highest = Math.max(...lines.map(({ values }) => maximum(values)));
  const axis = scale === 'linear' ? linearAxis(highest) : logarithmicAxis(lines, highest);
  const x = (place: number) => MARGIN.left + (PLOT.width * place) / Math.max(1, places.length - 1);
  const y = (value: number) => MARGIN.top + PLOT.height * (1 - axis.share(value));
  const grid = axis.ticks.map(
    (tick) =>
      `<line class="grid" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${at(y(tick))}" y2="${at(y(tick))}"/>` +
      `<text x="${MARGIN.left - 6}" y="${at(y(tick) + 4)}" text-anchor="end">${short(tick)}</text>`,
  );
  const below = places.map((text, place) =>
    text === ''
      ? ''
      : `<text x="${at(x(place))}" y="${HEIGHT - 6}" text-anchor="middle">${htmlText(text)}</text>`,
  );
  const marked = marks.map(
    ({ place, label }) =>
      `<line class="mark" x1="${at(x(place))}" x2="${at(x(place))}" y1="${MARGIN.top}" y2="${MARGIN.top + PLOT.height}"/>` +
      // Near the right edge the name stands on the other side.
      (place < places.length * 0.9
        ? `<text x="${at(x(place) + 3)}" y="${MARGIN.top - 5}">${htmlText(label)}</text>`
        : `<text x="${at(x(place) - 3)}" y="${MARGIN.top - 5}" text-anchor="end">${htmlText(label)}</text>`),
  );
  const drawn = lines.map(
    ({ label, values }, index) =>
      `<path class="line s${index}" d="${path(values, x, y)}"><title>${htmlText(label)}</title></path>`,
  );
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${htmlText(title)}">${[...grid, ...marked, ...below, ...drawn].join('')}</svg>`;
}

/**
 * Interrupted where a value is not known; a value alone is a point. Of values closer together than can be seen (a soak has
 * thousands) the smallest and the largest are drawn, so that no peak is lost.
 */
function path(values: Line['values'], x: (place: number) => number, y: (value: number) => number): string {
  const perStep = Math.max(1, Math.ceil(values.length / PLOT.width));
  let drawing = '';
  let isDown = false;
  for (let place = 0; place < values.length; place += perStep) {
    const known = values.slice(place, place + perStep).filter((value) => value !== null);
    const ends = perStep === 1 ? known : [Math.min(...known), Math.max(...known)];
    for (const value of known.length > 0 ? ends : []) {
      drawing += `${isDown ? 'L' : 'M'}${at(x(place))} ${at(y(value))}${isDown ? '' : 'h0'}`;
      isDown = true;
    }
    isDown &&= known.length > 0;
  }
  return drawing;
}

interface Axis {
  readonly ticks: readonly number[];
  /** 0 at the bottom, 1 at the top. */
  readonly share: (value: number) => number;
}

/** Four or five steps of 1, 2 or 5 times a power of ten. */
function linearAxis(highestValue: number): Axis {
  const highest = highestValue || 1;
  const rough = highest / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const count = Math.max(1, Math.ceil(highest / step));
  const top = count * step;
  return {
    ticks: Array.from({ length: count + 1 }, (_, index) => index * step),
    share: (value) => value / top,
  };
}

/** From the power of ten below the smallest value to the one above the largest. */
function logarithmicAxis(lines: readonly Line[], highest: number): Axis {
  const values = lines.flatMap((line) => line.values).filter((value) => value !== null && value > 0);
  const lowest = values.reduce<number>((min, value) => Math.min(min, value ?? min), highest || 1);
  const bottom = Math.floor(Math.log10(Math.max(lowest, 0.01)));
  const top = Math.max(bottom + 1, Math.ceil(Math.log10(Math.max(highest, 0.01))));
  return {
    ticks: Array.from({ length: top - bottom + 1 }, (_, index) => 10 ** (bottom + index)),
    share: (value) => Math.max(0, (Math.log10(Math.max(value, 10 ** bottom)) - bottom) / (top - bottom)),
  };
}

const maximum = (values: Line['values']): number =>
  values.reduce<number>((max, value) => Math.max(max, value ?? 0), 0);

const at = (value: number): string => String(Math.round(value * 10) / 10);

/** 1234567 as 1.2M, 0.05 as 0.05. */
function short(value: number): string {
  if (value >= 1e6) return `${Math.round(value / 1e5) / 10}M`;
  if (value >= 1e4) return `${Math.round(value / 1e3)}k`;
  if (value >= 100) return String(Math.round(value));
  return String(Math.round(value * 100) / 100);
}
