/**
 * Owns the certificate that HTTPS serves, for as long as the process runs: read from PARLEY_TLS_CERT/KEY or made by the local
 * CA, and read or made again when files, addresses or the date ask for it. Does not own the HTTPS server.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Config } from '../config.ts';
import { certificateNames, lanAddresses, shortHostname } from './lan.ts';
import { fingerprint, type KeyAndChain, serverCertificate, toDer } from './localCa.ts';
import type { HttpLog } from './ports.ts';
import { StartError, systemErrorCode } from './StartError.ts';

/** How often files and addresses are looked at. */
const CHECK_INTERVAL_MS = 60_000;

/** What the certificate depends on; `addresses` exists so that tests can change a machine's network. */
export interface TlsCertificateOptions {
  readonly config: Pick<Config, 'tls' | 'dataDir'>;
  readonly log: HttpLog;
  readonly addresses?: () => readonly string[];
  readonly checkIntervalMs?: number;
}

/** Key and certificate of the HTTPS server. `close()` ends the renewing. */
export class TlsCertificate {
  readonly #options: TlsCertificateOptions;
  readonly #timer: NodeJS.Timeout;
  #current: KeyAndChain;
  #caCert: string | undefined;
  #onChange: (current: KeyAndChain) => void = () => undefined;

  /** @throws StartError when the given files cannot be used. */
  static async create(options: TlsCertificateOptions): Promise<TlsCertificate> {
    return new TlsCertificate(options, await read(options));
  }

  private constructor(options: TlsCertificateOptions, first: KeyAndChain & { caCert?: string }) {
    this.#options = options;
    this.#current = first;
    this.#caCert = first.caCert;
    this.#timer = setInterval(() => void this.refresh(), options.checkIntervalMs ?? CHECK_INTERVAL_MS);
    this.#timer.unref();
  }

  get current(): KeyAndChain {
    return this.#current;
  }

  /** The local CA's certificate in DER, for people to install; undefined with files of one's own. */
  get caCertificateDer(): Buffer | undefined {
    return this.#caCert === undefined ? undefined : toDer(this.#caCert);
  }

  /** SHA-256 fingerprint of the local CA. */
  get caFingerprint(): string | undefined {
    return this.#caCert === undefined ? undefined : fingerprint(this.#caCert);
  }

  /** With files of one's own: the names that they are for, and those of the given addresses. Undefined with the local CA. */
  certifiedHosts(addresses: readonly string[]): string[] | undefined {
    if (this.#options.config.tls === undefined) return undefined;
    const certificate = new X509Certificate(this.#current.cert);
    const names = (certificate.subjectAltName ?? '')
      .split(', ')
      .filter((entry) => entry.startsWith('DNS:'))
      .map((entry) => entry.slice(4));
    return [...names, ...addresses.filter((address) => certificate.checkIP(address) !== undefined)];
  }

  /** Calls back whenever another certificate is to be served. One listener. */
  onChange(listener: (current: KeyAndChain) => void): void {
    this.#onChange = listener;
  }

  /** Looks now. A certificate that cannot be read or made leaves the one in use, with a warning in the log. */
  async refresh(): Promise<void> {
    try {
      const next = await read(this.#options);
      if (next.cert === this.#current.cert && next.key === this.#current.key) return;
      this.#onChange(next);
      this.#current = next;
      this.#caCert = next.caCert;
      this.#options.log.info(
        { validTo: new X509Certificate(next.cert).validTo },
        'serving a new TLS certificate',
      );
    } catch (error) {
      this.#options.log.warn({ err: error }, 'the TLS certificate could not be renewed; the old one stays');
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

async function read(options: TlsCertificateOptions): Promise<KeyAndChain & { caCert?: string }> {
  const { config, addresses = lanAddresses } = options;
  if (config.tls) return readFiles(config.tls);
  const host = shortHostname();
  try {
    return await serverCertificate(config.dataDir, certificateNames(addresses(), host), host, new Date());
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    throw new StartError(`PARLEY_DATA_DIR: cannot keep certificates in ${config.dataDir} (${code})`);
  }
}

async function readFiles({ certFile, keyFile }: NonNullable<Config['tls']>): Promise<KeyAndChain> {
  const cert = await readSetting('PARLEY_TLS_CERT', certFile);
  const key = await readSetting('PARLEY_TLS_KEY', keyFile);
  const parsedCert = parseSetting(
    'PARLEY_TLS_CERT',
    certFile,
    'a certificate',
    () => new X509Certificate(cert),
  );
  const parsedKey = parseSetting('PARLEY_TLS_KEY', keyFile, 'a private key', () => createPrivateKey(key));
  if (!parsedCert.checkPrivateKey(parsedKey)) {
    throw new StartError(`PARLEY_TLS_KEY: ${keyFile} is not the key of the certificate in ${certFile}`);
  }
  return { cert, key };
}

async function readSetting(setting: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new StartError(`${setting}: cannot read ${file} (${systemErrorCode(error) ?? 'unknown cause'})`);
  }
}

function parseSetting<T>(setting: string, file: string, what: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    // The cause is left out: it could repeat what the file holds.
    throw new StartError(`${setting}: ${file} does not hold ${what} in PEM form without a passphrase`);
  }
}
