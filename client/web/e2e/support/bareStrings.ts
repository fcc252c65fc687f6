/**
 * Owns finding text that does not come from the translations: with the pseudo-locale everything translated has brackets.
 * Does not own the pseudo-locale.
 */
import type { Page } from 'playwright-core';

/**
 * Text and names on the page that have letters but no brackets of the pseudo-locale around them.
 * @param data what people and devices call themselves: not to be translated.
 */
export async function bareStrings(page: Page, data: readonly string[]): Promise<string[]> {
  const found = await page.evaluate(() => {
    const texts: string[] = [document.title];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (!node.parentElement?.closest('script, style, noscript, kbd, time'))
        texts.push(node.nodeValue ?? '');
    }
    for (const element of document.querySelectorAll('*')) {
      for (const name of ['aria-label', 'placeholder', 'title', 'alt', 'aria-description']) {
        texts.push(element.getAttribute(name) ?? '');
      }
    }
    return texts;
  });
  return found.filter((text) => {
    const rest = data.reduce((left, known) => left.replaceAll(known, ''), text.replace(/⟦[^⟧]*⟧/gsu, ''));
    return /\p{L}/u.test(rest);
  });
}
