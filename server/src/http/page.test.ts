/**
 * Checks that nothing which a link or a header carries can become markup.
 * Does not check which pages exist.
 */
import { expect, it } from 'vitest';
import { withHead } from './page.ts';
import { contentSecurityPolicy, safeHost } from './securityHeaders.ts';

const index = '<!doctype html><html><head><title>Built</title></head><body></body></html>';

it('escapes everything it puts into the page, and takes `$` as it is', () => {
  const html = withHead(index, {
    title: `</title><script>x</script>$&$'`,
    description: `"onload='x'&`,
    url: 'https://a.example/r/x',
    styleNonce: 'bm9uY2U=',
    noIndex: true,
  });
  expect(html).not.toContain('<script>');
  expect(html).not.toContain('Built');
  expect(html).toContain('<title>&lt;/title&gt;&lt;script&gt;x&lt;/script&gt;$&amp;$&#39;</title>');
  expect(html).toContain('content="&quot;onload=&#39;x&#39;&amp;"');
  expect(html).toContain('<meta property="og:url" content="https://a.example/r/x">');
  expect(html).toContain('<meta name="robots" content="noindex">');
  expect(html.match(/<\/head>/g)).toHaveLength(1);
});

it('repeats only well-formed hosts', () => {
  for (const host of ['localhost:3000', '192.0.2.2', '[2001:db8::1]:3443', 'calls.example.org']) {
    expect(safeHost(host)).toBe(host);
  }
  for (const host of ['a.example; script-src *', 'a b', '"x', '', undefined, 'a:1:2', '[::1', 'a/b', 'u@h']) {
    expect(safeHost(host)).toBeUndefined();
  }
});

it('allows no inline script, and own sockets only', () => {
  const policy = contentSecurityPolicy('a.example:3443', 'n');
  expect(policy).toContain("script-src 'self';");
  expect(policy).toContain("connect-src 'self' ws://a.example:3443 wss://a.example:3443;");
  expect(policy).toContain("style-src 'self' 'nonce-n';");
  expect(policy).not.toContain('unsafe-eval');
  expect(contentSecurityPolicy(undefined)).toContain("connect-src 'self';");
  // IPv6 addresses are not in the grammar of policies.
  expect(contentSecurityPolicy('[2001:db8::5]:3443')).toContain("connect-src 'self';");
});
