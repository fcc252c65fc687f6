import { expect, it } from 'vitest';
import { parseSources } from './srtpSource.mjs';

it('reads archives and the keys that they are trusted by, from both forms that apt knows', () => {
  const sources = parseSources(
    [
      'Types: deb',
      'URIs: http://archive.invalid/debian http://mirror.invalid/debian/',
      'Suites: bookworm bookworm-updates',
      'Components: main',
      'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg',
      '',
      'deb [arch=amd64 signed-by=/etc/apt/keyrings/own.gpg trusted=yes] https://own.invalid/apt stable main',
      'deb http://plain.invalid/debian/ bookworm main contrib',
      'deb-src http://source.invalid/debian bookworm main',
      '',
      'Types: deb',
      'URIs: https://inline.invalid/apt',
      'Signed-By:',
      ' -----BEGIN PGP PUBLIC KEY BLOCK-----',
      ' .',
      ' -----END PGP PUBLIC KEY BLOCK-----',
      'Suites: stable',
    ].join('\n'),
  );
  const trustOf = (uri: string) => sources.find(({ uris }) => uris.includes(uri))?.trust;
  expect(trustOf('http://mirror.invalid/debian')).toEqual([
    'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg',
  ]);
  expect(trustOf('https://own.invalid/apt')).toEqual([
    'Signed-By: /etc/apt/keyrings/own.gpg',
    'Trusted: yes',
  ]);
  expect(trustOf('http://plain.invalid/debian')).toEqual([]);
  expect(trustOf('http://source.invalid/debian')).toBeUndefined();
  expect(trustOf('https://inline.invalid/apt')?.[0]).toMatch(
    /^Signed-By:\n -----BEGIN[^\n]*\n \.\n -----END PGP PUBLIC KEY BLOCK-----$/,
  );
});
