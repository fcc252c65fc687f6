/**
 * Owns what REDIS_URL may say: one server, or several hosts of a Redis Cluster.
 * Does not own the connection (cluster/redis); never puts a password into a message.
 */

/** Where Redis is and how to get in. */
export interface RedisSettings {
  /** One is a server, or the way into a cluster; several are ways into the same cluster. */
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly tls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
}

const DEFAULT_PORT = 6379;
const FORM = 'must look like redis://[user:password@]host[:port][/db], or rediss:// for TLS';

/**
 * Reads the setting: a URL, for a Redis Cluster followed by more hosts behind commas.
 * @returns what is wrong with it as a text.
 */
export function parseRedisUrl(text: string): RedisSettings | string {
  const [first = '', ...others] = text.split(',').map((item) => item.trim());
  const url = parse(first);
  if (!url) return FORM;
  const db = url.pathname.replace(/^\//, '');
  if (!/^\d{0,4}$/.test(db)) return `${FORM}; the database is a number`;
  if (url.search !== '' || url.hash !== '') return `${FORM}, without anything behind it`;
  const hosts = [
    url,
    ...others.map((item) => parse(item.includes('://') ? item : `${url.protocol}//${item}`)),
  ];
  const parsed = hosts.flatMap((host) => (host ? [hostOf(host)] : []));
  if (parsed.length < hosts.length) return `${FORM}; each further host must be host[:port]`;
  if (others.length > 0 && Number(db) !== 0) return 'a Redis Cluster has no databases: leave out the number';
  return {
    hosts: parsed,
    tls: url.protocol === 'rediss:',
    username: decoded(url.username),
    password: decoded(url.password),
    db: Number(db),
  };
}

function parse(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const fits = url && ['redis:', 'rediss:'].includes(url.protocol) && url.hostname !== '';
  return fits && canDecode(url.username + url.password) ? url : undefined;
}

const hostOf = ({ hostname, port }: URL) => ({
  host: hostname.replace(/^\[(.*)\]$/, '$1'),
  port: port === '' ? DEFAULT_PORT : Number(port),
});

const decoded = (text: string): string | undefined => (text === '' ? undefined : decodeURIComponent(text));

function canDecode(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
