/**
 * Owns the certificates of `--lan`: a certificate authority of this machine and a server certificate signed by it, both kept in
 * the data folder. Does not own when they are renewed (TlsCertificate.ts) nor which addresses they name (lan.ts).
 */
import { createPrivateKey, X509Certificate as NodeCertificate, randomBytes, webcrypto } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
// What @peculiar/x509's dependency injection stands on; it has to come first.
import 'reflect-metadata';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;
const CA_DAYS = 3650;
// Apple's systems refuse server certificates above 825 days even under an own CA; 397 is what public ones have.
const LEAF_DAYS = 397;
/** A server certificate with less time left is replaced. */
export const RENEW_BEFORE_MS = 30 * DAY_MS;

/** PEM texts; the chain has the server certificate first. */
export interface KeyAndChain {
  readonly key: string;
  readonly cert: string;
}

/** Where things lie inside the data folder. */
const fileIn = (dataDir: string, name: 'ca.key' | 'ca.crt' | 'server.key' | 'server.crt') =>
  join(dataDir, 'tls', name);

/** Path of the CA certificate (PEM), for those who want to trust it. */
export const caCertificatePath = (dataDir: string): string => fileIn(dataDir, 'ca.crt');

/** SHA-256 fingerprint of a PEM certificate, as systems show it before they trust one. */
export const fingerprint = (certPem: string): string => new NodeCertificate(certPem).fingerprint256;

/** DER form of a PEM certificate, which every system installs. */
export const toDer = (certPem: string): Buffer => new NodeCertificate(certPem).raw;

/**
 * Makes the CA if the data folder has none, and returns a server certificate for exactly these names: the stored one if it
 * still fits, else a new one. The CA is made once and stays, so that a phone has to trust it once only.
 * @param names host names and IP addresses; host names outside the CA's constraints are left out.
 */
export async function serverCertificate(
  dataDir: string,
  names: readonly string[],
  hostname: string,
  now: Date,
): Promise<KeyAndChain & { readonly caCert: string; readonly renewed: boolean }> {
  await mkdir(join(dataDir, 'tls'), { recursive: true, mode: 0o700 });
  const ca = (await load(dataDir, 'ca')) ?? (await createCa(dataDir, hostname, now));
  const allowed = names.filter((name) => isIP(name) !== 0 || isPermitted(name, hostname));
  const stored = await load(dataDir, 'server');
  if (stored && fits(stored.cert, ca.cert, allowed, now)) {
    return { ...stored, caCert: ca.cert, renewed: false };
  }
  const leaf = await createLeaf(ca, allowed, now);
  await store(dataDir, 'server', leaf);
  return { ...leaf, caCert: ca.cert, renewed: true };
}

/** Whether a stored server certificate is still good: same CA, same names, enough time left. */
function fits(certPem: string, caPem: string, names: readonly string[], now: Date): boolean {
  const cert = new NodeCertificate(certPem);
  const issuer = new NodeCertificate(caPem);
  return (
    cert.verify(issuer.publicKey) &&
    names.every((name) => (isIP(name) ? cert.checkIP(name) : cert.checkHost(name)) !== undefined) &&
    (cert.subjectAltName ?? '').split(', ').length === names.length &&
    Date.parse(cert.validTo) - now.getTime() > RENEW_BEFORE_MS
  );
}

const LOCAL_DOMAINS = ['localhost', 'local', 'lan', 'home.arpa', 'internal'];

const isPermitted = (name: string, hostname: string): boolean =>
  [...LOCAL_DOMAINS, hostname].some((domain) => name === domain || name.endsWith(`.${domain}`));

/**
 * Name constraints (RFC 5280, 4.2.1.10), critical: whoever steals the CA key cannot make a certificate for any public host
 * name. Addresses are left open, because those of a LAN change and cannot be known in advance.
 */
function nameConstraints(domains: readonly string[]): Extension {
  const tagged = (tag: number, content: Buffer): Buffer => {
    if (content.length > 255) throw new RangeError('the DER length does not fit into one byte');
    const length = content.length < 128 ? [content.length] : [0x81, content.length];
    return Buffer.concat([Buffer.from([tag, ...length]), content]);
  };
  const dnsName = (domain: string) => tagged(0x82, Buffer.from(domain, 'latin1'));
  const subtrees = domains.map((domain) => tagged(0x30, dnsName(domain)));
  const permitted = tagged(0xa0, Buffer.concat(subtrees));
  return new Extension('2.5.29.30', true, tagged(0x30, permitted));
}

async function createCa(dataDir: string, hostname: string, now: Date): Promise<KeyAndChain> {
  cryptoProvider.set(webcrypto);
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const cert = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [`Parley local CA (${hostname})`] }, { O: ['Parley'] }],
    notBefore: new Date(now.getTime() - DAY_MS),
    notAfter: new Date(now.getTime() + CA_DAYS * DAY_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      nameConstraints([...new Set([...LOCAL_DOMAINS, hostname])]),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const ca = { key: await privateKeyPem(keys.privateKey), cert: `${cert.toString('pem')}\n` };
  await store(dataDir, 'ca', ca);
  return ca;
}

async function createLeaf(ca: KeyAndChain, names: readonly string[], now: Date): Promise<KeyAndChain> {
  cryptoProvider.set(webcrypto);
  const issuer = new X509Certificate(ca.cert);
  const der = createPrivateKey(ca.key).export({ format: 'der', type: 'pkcs8' });
  const signingKey = await webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign']);
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const cert = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [{ CN: ['Parley'] }],
    issuer: issuer.subjectName.toJSON(),
    notBefore: new Date(now.getTime() - DAY_MS),
    notAfter: new Date(now.getTime() + LEAF_DAYS * DAY_MS),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(
        names.map((name) => ({ type: isIP(name) ? 'ip' : 'dns', value: name })),
      ),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    key: await privateKeyPem(keys.privateKey),
    cert: `${cert.toString('pem')}\n`,
  };
}

// RFC 5280 wants a positive number: the first bit is cleared, the second set so that the length is fixed.
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}

async function load(dataDir: string, name: 'ca' | 'server'): Promise<KeyAndChain | undefined> {
  try {
    const key = await readFile(fileIn(dataDir, `${name}.key`), 'utf8');
    const cert = await readFile(fileIn(dataDir, `${name}.crt`), 'utf8');
    // A crash between the two renames leaves a pair that does not match: as good as none.
    return new NodeCertificate(cert).checkPrivateKey(createPrivateKey(key)) ? { key, cert } : undefined;
  } catch {
    // Absent, or damaged: made anew.
    return undefined;
  }
}

async function store(dataDir: string, name: 'ca' | 'server', { key, cert }: KeyAndChain): Promise<void> {
  const files = [
    [`${name}.key`, key],
    [`${name}.crt`, cert],
  ] as const;
  for (const [file, text] of files) {
    const temporary = join(dataDir, 'tls', `${file}.new`);
    await writeFile(temporary, text, { mode: 0o600 });
    await rename(temporary, join(dataDir, 'tls', file));
  }
}
