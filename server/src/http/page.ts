/**
 * Owns the HTML that the server itself makes: the head of the app's page per address, and the page for "not found".
 * Does not own the app's page: that is the built index.html.
 */

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Makes text safe inside HTML text and quoted attributes. */
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => ESCAPES[char] ?? '');

/** What the head of a page says; all plain text, escaped here. */
export interface PageHead {
  readonly title: string;
  readonly description: string;
  /** Absolute address of the page; left out when the request's host is not usable. */
  readonly url?: string;
  /** Absolute address of the preview picture. */
  readonly imageUrl?: string;
  /** Where this page is served over HTTPS too: for people who came without, whose browser keeps the devices to itself. */
  readonly secureUrl?: string;
  /** For `<style>` elements that libraries of the app add (CSP). */
  readonly styleNonce: string;
  /** Rooms are not for search engines. */
  readonly noIndex: boolean;
}

/** Puts title, link preview and style nonce into the app's page. */
export function withHead(indexHtml: string, head: PageHead): string {
  const property = (name: string, content: string | undefined) =>
    content === undefined ? '' : `<meta property="${name}" content="${escapeHtml(content)}">`;
  const tags = [
    `<title>${escapeHtml(head.title)}</title>`,
    `<meta name="description" content="${escapeHtml(head.description)}">`,
    property('og:title', head.title),
    property('og:description', head.description),
    property('og:type', 'website'),
    property('og:site_name', 'Parley'),
    property('og:url', head.url),
    property('og:image', head.imageUrl),
    property('parley:secure-url', head.secureUrl),
    `<meta name="twitter:card" content="${head.imageUrl ? 'summary_large_image' : 'summary'}">`,
    `<meta property="csp-nonce" nonce="${escapeHtml(head.styleNonce)}">`,
    head.noIndex ? '<meta name="robots" content="noindex">' : '',
  ].join('');
  const withoutTitle = indexHtml.replace(/<title>[^<]*<\/title>/i, '');
  // A function as replacement: in a string, `$` would be special.
  return withoutTitle.replace(/<\/head>/i, () => `${tags}</head>`);
}

/** A page without scripts for an address that leads nowhere. */
export const messagePage = (title: string, text: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
  `<meta name="color-scheme" content="light dark"><title>${escapeHtml(title)} · Parley</title></head>` +
  `<body><main><h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p><p><a href="/">Start page</a></p></main></body></html>`;
