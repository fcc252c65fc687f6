/**
 * Owns putting together what all tiles of a page say of themselves, so that the call is told once however many change together.
 * Does not own how a tile knows (viewHooks.ts) nor how often the server is told (the SDK).
 */
import type { CallApi, ViewTile } from '@parley/client';

/** One tile as it is drawn, in CSS pixels. */
export interface DrawnTile extends ViewTile {
  /** It is seen although the page is hidden: in a window of its own (picture in picture). */
  readonly detached?: boolean;
}

/** The tiles of one call. Tells nothing before the first tile: an app without tiles goes on receiving everything. */
export class TileViews {
  readonly #call: Pick<CallApi, 'setView'>;
  readonly #scale: () => number;
  readonly #tiles = new Map<object, readonly DrawnTile[]>();
  #pageHidden = false;
  #telling = false;

  /** @param scale device pixels per CSS pixel, asked whenever something is told. */
  constructor(call: Pick<CallApi, 'setView'>, scale: () => number) {
    this.#call = call;
    this.#scale = scale;
  }

  /** What its owner shows now; nothing: it shows nothing any more. */
  set(owner: object, tiles: readonly DrawnTile[]): void {
    if (tiles.length > 0) this.#tiles.set(owner, tiles);
    else if (!this.#tiles.delete(owner)) return;
    this.#tellSoon();
  }

  /** Whether the page can be seen at all. */
  setPageHidden(hidden: boolean): void {
    if (hidden === this.#pageHidden) return;
    this.#pageHidden = hidden;
    this.refresh();
  }

  /** Something that bears on all tiles changed: the zoom, say. */
  refresh(): void {
    if (this.#tiles.size > 0) this.#tellSoon();
  }

  /** In a microtask: React mounts and unmounts a whole page of tiles in one go. */
  #tellSoon(): void {
    if (this.#telling) return;
    this.#telling = true;
    queueMicrotask(() => {
      this.#telling = false;
      this.#call.setView([...this.#tiles.values()].flat().map((tile) => this.#asSeen(tile)));
    });
  }

  #asSeen({ peerId, source, width, height, visible, priority, detached = false }: DrawnTile): ViewTile {
    const scale = this.#scale();
    // Sound is heard from a hidden page too.
    const isSound = source === 'mic' || source === 'screenAudio';
    const isSeen = detached || (visible && (isSound || !this.#pageHidden));
    return { peerId, source, width: width * scale, height: height * scale, visible: isSeen, priority };
  }
}
