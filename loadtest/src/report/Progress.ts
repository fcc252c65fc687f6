/**
 * Owns what a person sees while a run goes on: one line that is rewritten each second, or, without a terminal, a line now and then.
 * Does not own the report.
 */
import type { SeriesPoint } from './schema.ts';

/** Without a terminal. */
const EVERY_S = 5;

/** The part of a stream that is used. */
export interface Screen {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

/** Writes to stderr: stdout is for the summary. */
export class Progress {
  readonly #screen: Screen;
  #phase = '';
  #nextS = 0;
  #open = false;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** A line that stays. */
  say(text: string): void {
    this.#clear();
    this.#screen.write(`${text}\n`);
  }

  /** A second of the run. */
  show(point: SeriesPoint): void {
    const line = describe(point);
    if (this.#screen.isTTY) {
      this.#clear();
      this.#screen.write(line.slice(0, (this.#screen.columns ?? 80) - 1));
      this.#open = true;
      return;
    }
    if (point.phase === this.#phase && point.atS < this.#nextS) return;
    this.#phase = point.phase;
    this.#nextS = point.atS + EVERY_S;
    this.#screen.write(`${line}\n`);
  }

  /** Nothing more will be shown. */
  end(): void {
    this.#clear();
  }

  #clear(): void {
    if (this.#open) this.#screen.write('\r\u001b[2K');
    this.#open = false;
  }
}

function describe(point: SeriesPoint): string {
  const { tracksExpected, tracksReceived, receivedPacketsPerS, messagesReceived, serverCpuPercent } = point;
  const parts = [
    `${String(Math.round(point.atS)).padStart(4)} s  ${point.phase.padEnd(7)} ${point.bots} bots`,
    tracksExpected > 0 && `${tracksReceived}/${tracksExpected} tracks`,
    receivedPacketsPerS > 0 && `${Math.round(receivedPacketsPerS)} packets/s, ${point.lossPercent} % lost`,
    point.freezes > 0 && `${point.freezes} freezes`,
    messagesReceived > 0 && `${messagesReceived} messages/s`,
    point.pingP95Ms !== null && `ping ${point.pingP95Ms} ms`,
    point.socketDrops > 0 && `${point.socketDrops} dropped`,
    serverCpuPercent !== null && `server ${Math.round(serverCpuPercent)} %`,
    `tool ${Math.round(point.generatorCpuPercent)} %`,
  ];
  return parts.filter(Boolean).join(' · ');
}
