import {
  htmlToMarkdown,
  htmlToText,
} from '../../../../src/jobs/handlers/connections/markdown.ts';
import { markdownToHtml } from '../../../../src/workers/content/markdown.ts';
import fc from '../../../random/property.ts';

const base = 'https://example.com/';

const escapeHtml = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

/** Everything that means something in markdown or HTML, and little else. */
const awkward = fc
  .array(
    fc.constantFrom(
      ...['*', '**', '_', '`', '```', '~~', '#', '##', '-', '+', '1.', '2)'],
      ...['[', ']', '(', ')', '<', '>', '&', '&amp;', '|', '\\', '!', '!['],
      ...['=', '===', '---', ':', '"', "'", ' ', '  ', '\n', 'word', 'a'],
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''));

const text = (html: string): string => htmlToText(html).replace(/\s+/g, '');

test('text says the same after it went through markdown', () => {
  fc.assert(
    fc.property(awkward, (given) => {
      const html = markdownToHtml(
        htmlToMarkdown(`<p>${escapeHtml(given)}</p>`, base),
      );
      expect(text(html)).toBe(given.replace(/\s+/g, ''));
      // And nothing in it became markup.
      expect(html.replace(/<\/?p>|<br \/>/g, '')).not.toMatch(/</);
    }),
    { numRuns: 2_000 },
  );
});

const tags = [
  ...['p', 'b', 'i', 'a href="/x(1)"', 'a href="javascript:x"', 'code', 'pre'],
  ...['ul', 'ol', 'li', 'blockquote', 'h1', 'h6', 'br', 'hr', 'img src="/i"'],
  ...['script', 'style', 'iframe', 'table', 'tr', 'td', 'div onclick="x"'],
];

const soup = fc
  .array(
    fc.oneof(
      fc.constantFrom(...tags).map((tag) => `<${tag}>`),
      fc.constantFrom(...tags).map((tag) => `</${tag.split(' ')[0]}>`),
      awkward,
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(''));

test('whatever HTML comes in, what is shown of it holds only harmless tags', () => {
  fc.assert(
    fc.property(soup, (html) => {
      const shown = markdownToHtml(htmlToMarkdown(html, base));
      expect(shown).not.toMatch(
        /<(?:script|style|iframe)|javascript:|onclick=/i,
      );
    }),
    { numRuns: 1_000 },
  );
});
