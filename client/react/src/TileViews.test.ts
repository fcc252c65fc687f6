/**
 * Tests of collecting tiles: one word for many changes, hidden pages, zoom.
 */
import type { ViewTile } from '@parley/client';
import { expect, test, vi } from 'vitest';
import { type DrawnTile, TileViews } from './TileViews.ts';

const tile = (peerId: string, more: Partial<DrawnTile> = {}): DrawnTile => ({
  peerId,
  source: 'camera',
  width: 320,
  height: 180,
  visible: true,
  priority: 'normal',
  ...more,
});

function setUp() {
  const setView = vi.fn<(tiles: readonly ViewTile[]) => void>();
  const zoom = { scale: 1 };
  const views = new TileViews({ setView }, () => zoom.scale);
  const told = async () => {
    await Promise.resolve();
    return setView.mock.lastCall?.[0];
  };
  return { setView, views, zoom, told };
}

test('tells of many changes once, and nothing before the first tile', async () => {
  const { setView, views, told } = setUp();
  views.setPageHidden(true);
  views.setPageHidden(false);
  views.refresh();
  views.set({}, []);
  expect(await told()).toBeUndefined();
  const [ada, bob] = [{}, {}];
  views.set(ada, [tile('ada')]);
  views.set(bob, [tile('bob'), tile('cem', { visible: false })]);
  views.set(ada, [tile('ada', { width: 640 })]);
  expect(await told()).toEqual([tile('ada', { width: 640 }), tile('bob'), tile('cem', { visible: false })]);
  expect(setView).toHaveBeenCalledOnce();
  views.set(ada, []);
  views.set(bob, []);
  expect(await told()).toEqual([]);
});

test('sees nothing of a hidden page but what lies in a window of its own, and hears it', async () => {
  const { views, told } = setUp();
  views.set({}, [tile('ada'), tile('bob', { detached: true }), tile('cem', { source: 'mic' })]);
  views.setPageHidden(true);
  expect((await told())?.map(({ visible }) => visible)).toEqual([false, true, true]);
  views.setPageHidden(false);
  expect((await told())?.map(({ visible }) => visible)).toEqual([true, true, true]);
});

test('counts in device pixels', async () => {
  const { views, zoom, told } = setUp();
  views.set({}, [tile('ada')]);
  zoom.scale = 1.5;
  expect(await told()).toMatchObject([{ width: 480, height: 270 }]);
  zoom.scale = 2;
  views.refresh();
  expect(await told()).toMatchObject([{ width: 640, height: 360 }]);
});
