/**
 * The command that writes coturn's configuration from Parley's settings: `node turn/generate.ts [options]`.
 * Does not own the settings (server/src/config.ts) nor what the file says (turnserverConf.ts).
 */
import { lookup } from 'node:dns/promises';
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { ConfigError, loadConfig } from '../server/src/config.ts';
import { lanAddresses } from '../server/src/http/lan.ts';
import { turnserverConf } from './turnserverConf.ts';

const USAGE = `Writes coturn's configuration from Parley's settings (environment and .env).

  node turn/generate.ts [--out FILE] [--peer ADDRESS ...] [--listen ADDRESS ...] [--external-ip PUBLIC[/PRIVATE]]
                        [--relay-ports MIN-MAX]

  --out          file to write, readable for its owner only (default: standard output)
  --peer         address of a media node (default: PARLEY_ANNOUNCED_ADDRESS, else the addresses of this machine)
  --listen       address to listen on and relay from (default: all of the machine)
  --external-ip  public address, behind one-to-one NAT
  --relay-ports  UDP ports of allocations (default: 49160-51159)
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      out: { type: 'string' },
      peer: { type: 'string', multiple: true },
      listen: { type: 'string', multiple: true, default: [] },
      'external-ip': { type: 'string' },
      'relay-ports': { type: 'string', default: '49160-51159' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const config = loadConfig([]);
  const { secret, urls } = config.turn;
  if (secret === undefined || urls.length === 0) {
    throw new RangeError('PARLEY_TURN_URLS and PARLEY_TURN_SECRET: set both first');
  }
  const [minPort, maxPort] = values['relay-ports'].split('-').map(Number);
  const text = turnserverConf(await readFile(new URL('turnserver.conf.template', import.meta.url), 'utf8'), {
    urls,
    secret,
    peers: values.peer ?? (await mediaAddresses(config.announcedAddress)),
    listeningIps: values.listen,
    relayIps: values.listen,
    externalIp: values['external-ip'],
    minPort: minPort ?? Number.NaN,
    maxPort: maxPort ?? Number.NaN,
    tls: config.tls,
  });
  if (values.out === undefined) process.stdout.write(text);
  else await writeFile(values.out, text, { mode: 0o600 });
}

async function mediaAddresses(announced: string | undefined): Promise<string[]> {
  if (announced === undefined) return lanAddresses();
  return (await lookup(announced, { all: true })).map(({ address }) => address);
}

try {
  await main();
} catch (error) {
  const expected =
    error instanceof ConfigError ||
    error instanceof RangeError ||
    (error instanceof Error && 'code' in error);
  process.stderr.write(
    `${expected ? error.message : String(error instanceof Error ? error.stack : error)}\n`,
  );
  process.exitCode = 1;
}
