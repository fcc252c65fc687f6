/**
 * Tests of what an address means.
 */
import { describe, expect, it } from 'vitest';
import { roomPath, routeOf } from './route.ts';

describe('routeOf', () => {
  it('knows the pages', () => {
    expect(routeOf('/')).toEqual({ page: 'start' });
    expect(routeOf('/r/team')).toEqual({ page: 'room', roomId: 'team' });
    expect(routeOf('/r/team/')).toEqual({ page: 'room', roomId: 'team' });
    expect(routeOf('/elsewhere')).toEqual({ page: 'notFound' });
    expect(routeOf('/r/')).toEqual({ page: 'notFound' });
  });

  it.each(['/r/a%20b', '/r/%E0%A4%A', `/r/${'x'.repeat(65)}`, '/r/%2F'])('refuses %s as a room', (path) => {
    expect(routeOf(path)).toEqual({ page: 'invalidRoom' });
  });

  it('finds the room again whose path it made, in NFC', () => {
    expect(routeOf(roomPath('会議-1'))).toEqual({ page: 'room', roomId: '会議-1' });
    expect(routeOf(roomPath('e\u0301'))).toEqual({ page: 'room', roomId: '\u00e9' });
  });
});
