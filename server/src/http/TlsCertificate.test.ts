/**
 * Checks which certificate is served, when it changes, and what the operator reads when one cannot be used.
 * Does not check the local CA's certificates: see localCa.test.ts.
 */
import { X509Certificate } from 'node:crypto';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { serverCertificate } from './localCa.ts';
import type { HttpLog } from './ports.ts';
import { StartError } from './StartError.ts';
import { TlsCertificate } from './TlsCertificate.ts';

let folder: string;
let log: { [K in keyof HttpLog]: ReturnType<typeof vi.fn<HttpLog[K]>> };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-tls-'));
  log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
});
afterEach(() => rm(folder, { recursive: true }));

describe('with files of one’s own', () => {
  const files = () => ({ certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') });
  const create = () => TlsCertificate.create({ config: { tls: files(), dataDir: folder }, log });
  /** Puts the n-th certificate of this test in place. */
  const install = async (n: number) => {
    const pair = await serverCertificate(join(folder, `ca${n}`), ['localhost'], 'box', new Date());
    await writeFile(files().certFile, pair.cert);
    await writeFile(files().keyFile, pair.key);
    return pair;
  };

  it('serves them, and another pair once that is complete', async () => {
    const first = await install(1);
    const certificate = await create();
    const changes: string[] = [];
    certificate.onChange(({ cert }) => changes.push(cert));
    expect(certificate.current.cert).toBe(first.cert);
    expect(certificate.caCertificateDer).toBeUndefined();

    await writeFile(files().certFile, 'half a file');
    await certificate.refresh();
    expect(certificate.current.cert).toBe(first.cert);
    expect(log.warn).toHaveBeenCalledOnce();

    const second = await install(2);
    await certificate.refresh();
    await certificate.refresh();
    expect(changes).toEqual([second.cert]);
    expect(certificate.current.cert).toBe(second.cert);
    certificate.close();
  });

  it('tells what they are for', async () => {
    const pair = await serverCertificate(join(folder, 'ca'), ['box.lan', '192.0.2.7'], 'box', new Date());
    await writeFile(files().certFile, pair.cert);
    await writeFile(files().keyFile, pair.key);
    const certificate = await create();
    expect(certificate.certifiedHosts(['192.0.2.7', '192.0.2.8'])).toEqual(['box.lan', '192.0.2.7']);
    certificate.close();
  });

  it('names setting and file when one is missing, is something else, or does not match', async () => {
    await expect(create()).rejects.toThrow(StartError);
    await expect(create()).rejects.toThrow(/^PARLEY_TLS_CERT: cannot read .*cert\.pem \(ENOENT\)$/);
    await install(1);
    await writeFile(files().keyFile, 'secret words');
    await expect(create()).rejects.toThrow(/^PARLEY_TLS_KEY: .*key\.pem does not hold a private key/);
    await expect(create()).rejects.not.toThrow(/secret words/);
    await install(2);
    await copyFile(join(folder, 'ca1', 'tls', 'server.key'), files().keyFile);
    await expect(create()).rejects.toThrow(/is not the key of the certificate/);
  });
});

describe('with the local CA', () => {
  it('serves a new certificate under the same CA when the addresses change', async () => {
    let addresses = ['192.168.1.7'];
    const config = { tls: undefined, dataDir: folder };
    const certificate = await TlsCertificate.create({ config, log, addresses: () => addresses });
    const ca = certificate.caFingerprint;
    const covers = (address: string) => new X509Certificate(certificate.current.cert).checkIP(address);
    expect(covers('192.168.1.7')).toBeDefined();
    expect(covers('10.0.0.9')).toBeUndefined();

    addresses = ['10.0.0.9'];
    await certificate.refresh();
    expect(covers('10.0.0.9')).toBeDefined();
    expect(covers('192.168.1.7')).toBeUndefined();
    expect(certificate.caFingerprint).toBe(ca);
    expect(log.warn).not.toHaveBeenCalled();
    certificate.close();
  });

  it('names the data folder when it cannot be written', async () => {
    await writeFile(join(folder, 'file'), '');
    const config = { tls: undefined, dataDir: join(folder, 'file') };
    await expect(TlsCertificate.create({ config, log })).rejects.toThrow(/^PARLEY_DATA_DIR: .*\(ENOTDIR\)/);
  });
});
