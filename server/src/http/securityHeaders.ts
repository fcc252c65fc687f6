/**
 * Owns the security headers of every response.
 * Does not own caching headers: those depend on what is served (routes.ts).
 */

// What a Host header may be before it is repeated in a header or a page: a name, an IPv4 or a bracketed IPv6 address.
const HOST = /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;

/** The host of a request when it has a sane form, else undefined. */
export const safeHost = (host: string | undefined): string | undefined =>
  host !== undefined && HOST.test(host) ? host : undefined;

/** Whether browsers take pages of this origin for a secure context. */
export const isTrustworthy = (protocol: string, host: string | undefined): boolean =>
  protocol === 'https' || /^(localhost|127\.[\d.]+|\[::1\])(:|$)/.test(host ?? '');

/**
 * The content security policy: own scripts only, none inline. `'self'` covers own WebSockets in current browsers; older ones
 * (Safari before 15.4) want them spelled out.
 * @param styleNonce lets libraries of the app add `<style>` elements that carry it (the page tells it in a meta element).
 */
export function contentSecurityPolicy(host: string | undefined, styleNonce?: string): string {
  // The policy's grammar has no IPv6 addresses: browsers drop such a source with a complaint.
  const sockets = host && !host.startsWith('[') ? ` ws://${host} wss://${host}` : '';
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self'${styleNonce ? ` 'nonce-${styleNonce}'` : ''}`,
    // Positions and sizes that the app computes; cannot load or run anything.
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "media-src 'self' blob:",
    `connect-src 'self'${sockets}`,
    "worker-src 'self' blob:",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'self'",
  ].join('; ');
}

/**
 * Headers of every response. No Strict-Transport-Security: with a certificate of the local CA it would lock people out
 * of the plain port that serves the CA certificate.
 */
export const securityHeaders = (protocol: string, host: string | undefined): Record<string, string> => ({
  'content-security-policy': contentSecurityPolicy(host),
  'permissions-policy': [
    'camera=(self)',
    'microphone=(self)',
    'display-capture=(self)',
    'speaker-selection=(self)',
    'autoplay=(self)',
    'fullscreen=(self)',
    'picture-in-picture=(self)',
    'screen-wake-lock=(self)',
    'geolocation=()',
    'payment=()',
    'usb=()',
  ].join(', '),
  // A link to a room is a secret: no other site learns it.
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  // Browsers ignore it on other origins, and complain about it in the console.
  ...(isTrustworthy(protocol, host) && { 'cross-origin-opener-policy': 'same-origin' }),
  'cross-origin-resource-policy': 'same-origin',
});
