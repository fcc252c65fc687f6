/**
 * Owns the question what was at its limit: the tool itself, the server, or the way between them. Pure.
 * Does not own the measuring.
 */
import { loadedPoints } from './loadedPoints.ts';
import type { Report, SeriesPoint } from './schema.ts';

/** An event loop that is busier than this answers late, and what it measures is its own lateness. */
const BUSY_PERCENT = 90;
const LATE_MS = 150;
const FULL_MACHINE_PERCENT = 97;
/** One process of the server on one core. */
const FULL_CORE_PERCENT = 92;
/** A single bad second is chance. */
const SHARE_OF_SECONDS = 0.1;
const SLOW_JOIN_MS = 5000;

/** Whether something was so in enough seconds to matter. */
function often(points: readonly SeriesPoint[], is: (point: SeriesPoint) => boolean): boolean {
  const bad = points.filter(is).length;
  return bad > 1 && bad > points.length * SHARE_OF_SECONDS;
}

const meanOf = (points: readonly SeriesPoint[], of: (point: SeriesPoint) => number): number =>
  Math.round(points.reduce((sum, point) => sum + of(point), 0) / Math.max(1, points.length));

/** Why the tool was the limit, so that nobody blames the server; empty when it was not. */
export function generatorLimits(series: readonly SeriesPoint[]): string[] {
  const points = loadedPoints(series);
  const reasons: string[] = [];
  if (often(points, ({ generatorBusiestPercent: percent }) => percent > BUSY_PERCENT)) {
    reasons.push(`generator CPU: a bot process was busy for more than ${BUSY_PERCENT} % of the time`);
  }
  if (often(points, ({ generatorLagMs }) => generatorLagMs > LATE_MS)) {
    reasons.push(`generator lag: timers of a bot process were more than ${LATE_MS} ms late`);
  }
  const tool = meanOf(points, ({ generatorCpuPercent }) => generatorCpuPercent);
  const servers = meanOf(points, ({ serverCpuPercent }) => serverCpuPercent ?? 0);
  // Where they share a machine, whoever takes more of it is the one to blame.
  if (tool >= servers && often(points, ({ machinePercent }) => machinePercent > FULL_MACHINE_PERCENT)) {
    reasons.push(
      `machine CPU: all cores were busy, with the tool at ${tool} % of one and servers of this machine at ${servers} %`,
    );
  }
  return reasons;
}

/** What was at its limit, the likeliest cause first. */
export function gaveWay({
  series,
  figures,
  failures,
}: Pick<Report, 'series' | 'figures' | 'failures'>): string[] {
  const points = loadedPoints(series);
  const causes = generatorLimits(series);
  if (often(points, ({ serverBusiestPercent: percent }) => percent !== null && percent > FULL_CORE_PERCENT)) {
    causes.unshift(`server CPU: one of its processes used more than ${FULL_CORE_PERCENT} % of a core`);
  }
  const { joinsFailed, lossPercent, tracksPercent, chatLost, socketDrops, joinP95Ms } = figures;
  const failed = failures.find(({ what }) => what === 'join');
  if (joinsFailed && failed) causes.push(`joins: ${joinsFailed} failed (${failed.code}: ${failed.message})`);
  if (lossPercent && lossPercent > 0.1) causes.push(`loss: ${lossPercent} % of the packets never came`);
  if (typeof tracksPercent === 'number' && tracksPercent < 99.9) {
    causes.push(`tracks: only ${tracksPercent} % of them ever showed anything`);
  }
  if (chatLost) causes.push(`chat: ${chatLost} deliveries never came`);
  if (socketDrops) causes.push(`sockets: ${socketDrops} dropped`);
  if (joinP95Ms && joinP95Ms > SLOW_JOIN_MS) causes.push(`join latency: 95th percentile ${joinP95Ms} ms`);
  return causes;
}
