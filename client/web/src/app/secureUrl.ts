/**
 * Owns where this page is to be had over HTTPS: the server says so in the head, when it came without.
 */

/**
 * The same page over HTTPS; undefined when the server has no HTTPS.
 * @param token what the link that led here carried: it goes along, in the fragment.
 */
export function secureUrl(token: string | undefined): URL | undefined {
  const content = document.querySelector<HTMLMetaElement>('meta[property="parley:secure-url"]')?.content;
  if (!content) return undefined;
  const url = new URL(content);
  url.pathname = location.pathname;
  if (token !== undefined) url.hash = `token=${token}`;
  return url;
}
