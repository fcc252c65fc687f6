/**
 * Checks the certificates of `--lan` with OpenSSL's own verifier, and when they are made anew.
 * Does not check a TLS connection: server/test/integration/lan.test.ts does.
 */
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { caCertificatePath, RENEW_BEFORE_MS, serverCertificate } from './localCa.ts';

const run = promisify(execFile);
const now = new Date();
const names = ['localhost', 'box', 'box.local', '127.0.0.1', '::1', '192.168.1.7'];
let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'parley-ca-'));
});
afterEach(() => rm(dataDir, { recursive: true }));

describe('serverCertificate', () => {
  it('makes a chain that OpenSSL verifies for every name and address', async () => {
    await serverCertificate(dataDir, names, 'box', now);
    const leaf = join(dataDir, 'tls', 'server.crt');
    for (const name of names) {
      const option = /^[\d.]+$|:/.test(name) ? '-verify_ip' : '-verify_hostname';
      await run('openssl', [
        'verify',
        '-x509_strict',
        '-purpose',
        'sslserver',
        option,
        name,
        '-CAfile',
        caCertificatePath(dataDir),
        leaf,
      ]);
    }
  });

  it('keeps every file to its owner', async () => {
    await serverCertificate(dataDir, names, 'box', now);
    const folder = join(dataDir, 'tls');
    const files = await readdir(folder);
    expect(files.sort()).toEqual(['ca.crt', 'ca.key', 'server.crt', 'server.key']);
    for (const file of files) expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });

  it('gives the same certificate while it fits', async () => {
    const first = await serverCertificate(dataDir, names, 'box', now);
    const second = await serverCertificate(dataDir, names, 'box', now);
    expect(first.renewed).toBe(true);
    expect(second).toEqual({ ...first, renewed: false });
  });

  it.each([
    ['an address came', [...names, '10.0.0.9'], now],
    ['an address went', names.slice(0, -1), now],
    ['it nears its end', names, new Date(now.getTime() + 397 * 86_400_000 - RENEW_BEFORE_MS + 60_000)],
  ])('renews the server certificate under the same CA when %s', async (_title, nextNames, when) => {
    const first = await serverCertificate(dataDir, names, 'box', now);
    const second = await serverCertificate(dataDir, nextNames, 'box', when);
    expect(second.renewed).toBe(true);
    expect(second.caCert).toBe(first.caCert);
    expect(second.cert).not.toBe(first.cert);
    expect(new X509Certificate(second.cert).verify(new X509Certificate(first.caCert).publicKey)).toBe(true);
  });

  it('replaces a key and certificate that a crash left unmatched', async () => {
    const first = await serverCertificate(dataDir, names, 'box', now);
    await writeFile(join(dataDir, 'tls', 'server.key'), await readFile(join(dataDir, 'tls', 'ca.key')));
    const second = await serverCertificate(dataDir, names, 'box', now);
    expect(second.renewed).toBe(true);
    expect(second.caCert).toBe(first.caCert);
  });

  it('leaves out host names that its CA may not vouch for', async () => {
    const { cert } = await serverCertificate(dataDir, [...names, 'calls.example.org'], 'box', now);
    expect(new X509Certificate(cert).checkHost('calls.example.org')).toBeUndefined();
  });

  it('has a CA whose stolen key is of no use for public names', async () => {
    await serverCertificate(dataDir, names, 'box', now);
    const ca = join(dataDir, 'tls', 'ca');
    const forged = join(dataDir, 'forged');
    await writeFile(`${forged}.ext`, 'subjectAltName=DNS:bank.example.com');
    await run('openssl', [
      'req',
      '-new',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      `${forged}.key`,
      '-subj',
      '/CN=x',
      '-out',
      `${forged}.csr`,
    ]);
    await run('openssl', [
      'x509',
      '-req',
      '-in',
      `${forged}.csr`,
      '-CA',
      `${ca}.crt`,
      '-CAkey',
      `${ca}.key`,
      '-CAcreateserial',
      '-extfile',
      `${forged}.ext`,
      '-out',
      `${forged}.crt`,
    ]);
    await expect(run('openssl', ['verify', '-CAfile', `${ca}.crt`, `${forged}.crt`])).rejects.toThrow(
      /permitted subtree violation/,
    );
  });
});
