/**
 * What `npm start -- --lan` runs, on a machine of its own, seen from a second one: HTTPS and WSS with the local CA or with a
 * certificate of one's own, plain HTTP, the CA certificate for download, and what is printed.
 * Does not check what browsers make of it: client/web/e2e/lan.test.ts.
 */
import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import QRCode from 'qrcode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { caCertificatePath, serverCertificate } from '../../src/http/localCa.ts';
import { LanServer } from '../support/LanServer.ts';
import { createLanMachines, type LanMachines } from '../support/lanMachines.ts';

const CLIENT = new URL('../support/lanClient.ts', import.meta.url).pathname;

let lan: LanMachines;
beforeAll(async () => {
  lan = await createLanMachines();
});
afterAll(() => lan?.remove());

/** What somebody sees who trusts a CA and comes to an address. */
async function visit(host: string, caFile: string) {
  return JSON.parse(await lan.guest.run(process.execPath, [CLIENT, host, caFile]));
}

const text = (seen: { body: string }) => Buffer.from(seen.body, 'base64').toString();

describe('with the local CA', () => {
  let server: LanServer;
  beforeAll(async () => {
    server = await LanServer.start(lan.host);
  });
  afterAll(() => server?.stop());

  it.each(['IPv4', 'IPv6'] as const)('serves page and signaling at the %s address', async (family) => {
    const host = family === 'IPv4' ? lan.host.ipv4 : `[${lan.host.ipv6}]`;
    const seen = await visit(host, server.caFile);
    expect(seen.health).toMatchObject({ status: 200 });
    expect(seen.health.names).toContain(`IP Address:${lan.host.ipv4}`);
    expect(seen.page.status).toBe(200);
    expect(text(seen.page)).toContain('<title>lan · Parley</title>');
    expect(seen.hello).toMatchObject({ id: '1', ok: { guest: true } });
    expect(seen.untrusted).toEqual({ refused: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
    expect(seen.untrustedHello).toEqual({ refused: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
    expect(seen.plainPage.status).toBe(200);
    expect(seen.plainHello).toMatchObject({ id: '1', ok: { guest: true } });
  });

  it('offers the CA certificate for download on plain HTTP, and prints its fingerprint', async () => {
    const seen = await visit(lan.host.ipv4, server.caFile);
    const offered = new X509Certificate(Buffer.from(seen.caCertificate.body, 'base64'));
    const kept = new X509Certificate(await readFile(server.caFile));
    expect(offered.fingerprint256).toBe(kept.fingerprint256);
    expect(server.output).toContain(kept.fingerprint256);
    expect(server.output).toContain(`http://${lan.host.ipv4}:3000/parley-ca.crt`);
  });

  it('prints the addresses, and the first of them as a QR code', async () => {
    const address = `https://${lan.host.ipv4}:3443/`;
    expect(server.output).toContain(address);
    expect(server.output).toContain(`https://[${lan.host.ipv6}]:3443/`);
    expect(server.output).toContain(await QRCode.toString(address, { type: 'terminal', small: true }));
  });
});

describe('with a certificate of one’s own', () => {
  let server: LanServer;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parley-own-certificate-'));
    await serverCertificate(folder, [lan.host.ipv4], 'lan', new Date());
    server = await LanServer.start(lan.host, {
      PARLEY_TLS_CERT: join(folder, 'tls', 'server.crt'),
      PARLEY_TLS_KEY: join(folder, 'tls', 'server.key'),
    });
  });
  afterAll(async () => {
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('serves that one, and neither makes a CA nor speaks of one', async () => {
    const seen = await visit(lan.host.ipv4, caCertificatePath(folder));
    expect(seen.health).toMatchObject({ status: 200, names: `IP Address:${lan.host.ipv4}` });
    expect(seen.hello).toMatchObject({ id: '1', ok: { guest: true } });
    expect(seen.caCertificate.status).toBe(404);
    expect(existsSync(join(server.dataDir, 'tls'))).toBe(false);
    expect(server.output).toContain(`https://${lan.host.ipv4}:3443/`);
    expect(server.output).not.toContain('parley-ca.crt');
  });
});
