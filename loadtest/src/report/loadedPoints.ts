/**
 * Owns which seconds of a run count: those in which the load stood, not those in which it was built up or taken down.
 * Does not own what is made of them.
 */
import type { SeriesPoint } from './schema.ts';

const quietPhases: ReadonlySet<string> = new Set(['begin', 'join', 'settle', 'compare', 'leave']);

/** All points where none is loaded: a run that was cut short still tells what it saw. */
export function loadedPoints(series: readonly SeriesPoint[]): readonly SeriesPoint[] {
  const loaded = series.filter(({ phase }) => !quietPhases.has(phase));
  return loaded.length > 0 ? loaded : series;
}
