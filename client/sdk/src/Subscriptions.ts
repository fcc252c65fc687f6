/**
 * Owns what of the room is received: videos that are shown or nearly shown, microphones worth hearing; and the same as the server is
 * told it. Does not own how it is received (RecvMedia) nor told (ViewReporter).
 */
import { kindOf, type Publication, publicationIdOf, type ViewedPublication } from '@parley/protocol';
import type { ViewTile } from './types.ts';

/** A video that leaves the view stays subscribed so long, so that paging to and fro costs nothing. */
const LINGER_MS = 5000;
/** And at most so many do: who leafs through a large room does not collect all of it. */
const MAX_LINGERING = 49;
/** Microphones that are subscribed at a time: the loudest three, who spoke last, and whoever begins next. */
const MAX_MICS = 12;
/** The server tells the pool with the join. One that has not by then knows of none: then everybody is heard. */
const POOL_WAIT_MS = 2000;
/** As many as one `setView` takes. */
const MAX_VIEWED = 160;
const MAX_TILE_PIXELS = 8192;

const priorities = ['low', 'normal', 'high'] as const;

/** What is wanted, as room, view and speakers change. */
export class Subscriptions {
  readonly #changed: () => void;
  /** Of others, as the room shows them. */
  #publications: ReadonlyMap<string, Publication> = new Map();
  #tiles: readonly ViewTile[] | undefined;
  #view: ReadonlyMap<string, ViewedPublication> = new Map();
  /** Videos that left the view, and until when they stay. Oldest first. */
  readonly #lingering = new Map<string, number>();
  #pool: readonly string[] | undefined;
  /** Microphones that are subscribed, the one that is to stay longest first. */
  #mics: readonly string[] = [];
  #poolIsOverdue = false;
  #poolTimer: ReturnType<typeof setTimeout> | undefined;
  #lingerTimer: ReturnType<typeof setTimeout> | undefined;

  /** @param changed called when {@link wanted} changes by itself, as time passes. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** All that others publish: publication id -> publication. */
  get publications(): ReadonlyMap<string, Publication> {
    return this.#publications;
  }

  /** The room changed. */
  setPublications(publications: ReadonlyMap<string, Publication>): void {
    this.#publications = publications;
    this.#poolTimer ??= setTimeout(() => {
      this.#poolIsOverdue = true;
      this.#mics = this.#micsNow();
      this.#changed();
    }, POOL_WAIT_MS);
    this.#refresh();
  }

  /** What the app shows. */
  setTiles(tiles: readonly ViewTile[]): void {
    this.#tiles = tiles;
    this.#refresh();
  }

  /** Microphones worth hearing, as the server says. */
  setPool(publicationIds: readonly string[]): void {
    this.#pool = publicationIds;
    this.#refresh();
  }

  /** Publication id -> generation. */
  wanted(): Map<string, number> {
    const heard = new Set(this.#mics);
    const wanted = new Map<string, number>();
    for (const [id, { source, generation }] of this.#publications) {
      if (source === 'mic' ? heard.has(id) : this.#isWanted(id, source)) wanted.set(id, generation);
    }
    return wanted;
  }

  /** As the server is told; undefined before the app has said what it shows. */
  viewed(): readonly ViewedPublication[] | undefined {
    if (!this.#tiles) return undefined;
    const view = [...this.#view.values()].slice(0, MAX_VIEWED);
    // The order of tiles is no news.
    return view.sort((a, b) => (a.publicationId < b.publicationId ? -1 : 1));
  }

  /** Nothing changes by itself any more. Idempotent. */
  close(): void {
    clearTimeout(this.#poolTimer);
    clearTimeout(this.#lingerTimer);
  }

  #isWanted(publicationId: string, source: Publication['source']): boolean {
    if (!this.#tiles || source === 'screenAudio') return true;
    return this.#view.has(publicationId) || this.#lingering.has(publicationId);
  }

  #refresh(): void {
    if (this.#tiles) this.#lookAt(this.#viewOf(this.#tiles));
    this.#mics = this.#micsNow();
  }

  #viewOf(tiles: readonly ViewTile[]): Map<string, ViewedPublication> {
    const view = new Map<string, ViewedPublication>();
    for (const tile of tiles) {
      const publicationId = publicationIdOf(tile.peerId, tile.source);
      // One's own, or (not) published a moment ago.
      if (!this.#publications.has(publicationId)) continue;
      view.set(publicationId, merge(view.get(publicationId), toViewed(publicationId, tile)));
    }
    // Whatever is shown of a screen, its sound belongs to the room.
    for (const [publicationId, { source }] of this.#publications) {
      if (source !== 'screenAudio' || view.has(publicationId)) continue;
      view.set(publicationId, { publicationId, width: 0, height: 0, visible: true, priority: 'normal' });
    }
    return view;
  }

  #lookAt(view: ReadonlyMap<string, ViewedPublication>): void {
    const untilMs = performance.now() + LINGER_MS;
    for (const publicationId of this.#view.keys()) {
      const publication = this.#publications.get(publicationId);
      if (view.has(publicationId) || !publication || kindOf(publication.source) === 'audio') continue;
      this.#lingering.set(publicationId, untilMs);
    }
    for (const publicationId of this.#lingering.keys()) {
      const isGone = view.has(publicationId) || !this.#publications.has(publicationId);
      if (isGone || this.#lingering.size > MAX_LINGERING) this.#lingering.delete(publicationId);
    }
    this.#view = view;
    this.#watchLingering();
  }

  #watchLingering(): void {
    clearTimeout(this.#lingerTimer);
    const [firstMs] = this.#lingering.values();
    if (firstMs === undefined) return;
    this.#lingerTimer = setTimeout(
      () => {
        const nowMs = performance.now();
        for (const [id, untilMs] of this.#lingering) if (untilMs <= nowMs) this.#lingering.delete(id);
        this.#watchLingering();
        this.#changed();
      },
      Math.max(0, firstMs - performance.now()),
    );
  }

  /** Who is in the pool has a place; who was, keeps it until it is needed. */
  #micsNow(): readonly string[] {
    const isMic = (id: string) => this.#publications.get(id)?.source === 'mic';
    const pinned = [...this.#view.keys()].filter(isMic);
    const all = [...this.#publications.keys()].filter(isMic);
    if (!this.#pool) return this.#poolIsOverdue ? all : [...pinned, ...all].slice(0, MAX_MICS);
    const before = this.#mics.filter(isMic);
    return [...new Set([...pinned, ...this.#pool.filter(isMic), ...before])].slice(0, MAX_MICS);
  }
}

function toViewed(publicationId: string, tile: ViewTile): ViewedPublication {
  const pixels = (size: number) => Math.min(MAX_TILE_PIXELS, Math.max(0, Math.round(size)));
  const { visible, priority } = tile;
  return { publicationId, width: pixels(tile.width), height: pixels(tile.height), visible, priority };
}

/** Shown twice (large, and in a strip): as large, visible and important as either. */
function merge(a: ViewedPublication | undefined, b: ViewedPublication): ViewedPublication {
  if (!a) return b;
  const rank = Math.max(priorities.indexOf(a.priority), priorities.indexOf(b.priority));
  return {
    publicationId: a.publicationId,
    width: Math.max(a.width, b.width),
    height: Math.max(a.height, b.height),
    visible: a.visible || b.visible,
    priority: priorities[rank] ?? 'normal',
  };
}
