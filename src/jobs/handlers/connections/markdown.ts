import sanitizeHtml from 'sanitize-html';

/** Deepest nesting of lists and quotes that is kept. */
const maximumDepth = 8;

const entities: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
};

/** Undoes what sanitizeHtml escapes; every other entity it has decoded already. */
const unescapeHtml = (text: string): string =>
  text.replace(/&(?:amp|lt|gt|quot);/g, (entity) => entities[entity] ?? entity);

/** The text of some HTML, in one line. */
export const htmlToText = (html: string): string =>
  unescapeHtml(sanitizeHtml(html, { allowedTags: [], allowedAttributes: {} }))
    .replace(/\s+/g, ' ')
    .trim();

/** Characters that markdown would read as more than themselves. */
const escapeMarkdown = (text: string): string =>
  text
    .replace(/[\\`*_[\]<>|~]|&(?=#|[a-z0-9]+;)/gi, String.raw`\$&`)
    .replace(/^(\s*)([#=+-])/gm, String.raw`$1\$2`)
    .replace(/^(\s*\d+)([.)])/gm, String.raw`$1\$2`);

const absolute = (
  link: string | undefined,
  base: string,
): string | undefined =>
  link === undefined ? undefined : URL.parse(link.trim(), base)?.href;

/** In an address, what would end it. */
const address = (link: string): string =>
  link
    .replace(/[\s()<>\\]/g, encodeURIComponent)
    .replace(/[()]/g, (c) => (c === '(' ? '%28' : '%29'));

const sanitize = (html: string, base: string): string =>
  sanitizeHtml(html, {
    allowedTags: [
      ...['p', 'br', 'hr', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6'],
      ...['strong', 'em', 'code', 'pre', 'blockquote'],
      ...['ul', 'ol', 'li', 'a', 'img', 'tr'],
    ],
    allowedAttributes: { a: ['href'], img: ['src', 'alt'] },
    allowedSchemes: ['http', 'https', 'mailto'],
    allowedSchemesByTag: { img: ['https'] },
    allowProtocolRelative: false,
    nestingLimit: 50,
    transformTags: {
      ...{ b: 'strong', i: 'em', cite: 'em', tt: 'code', kbd: 'code' },
      ...{
        div: 'p',
        section: 'p',
        article: 'p',
        figure: 'p',
        dd: 'p',
        dt: 'p',
      },
      a: (tagName, { href }) => ({
        tagName,
        attribs: { href: absolute(href, base) ?? '' },
      }),
      img: (tagName, { src, alt }) => ({
        tagName,
        attribs: { src: absolute(src, base) ?? '', alt: alt ?? '' },
      }),
    },
  });

interface List {
  readonly ordered: boolean;
  count: number;
}

/** Collects markdown while the tags of sanitised HTML go by. */
class Writer {
  #text = '';
  readonly #lists: List[] = [];
  readonly #links: string[] = [];
  #quotes = 0;
  /** What stands in a `pre` so far. */
  #verbatim: string | undefined;
  #code = false;

  /** Begins a new block, whose lines all carry the marks of the quotes around it. */
  #block(): void {
    if (this.#text !== '') this.#text += '\n\n';
    this.#text += this.#quote();
  }

  text(escaped: string): void {
    const text = unescapeHtml(escaped);
    if (this.#verbatim !== undefined) this.#verbatim += text;
    else if (this.#code) this.#text += text.replace(/\s+|`/g, ' ');
    else if (text.trim() === '') this.#text += text === '' ? '' : ' ';
    else this.#text += escapeMarkdown(text.replace(/\s+/g, ' '));
  }

  open(tag: string, attributes: string): void {
    const attribute = (name: string): string =>
      unescapeHtml(
        new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? '',
      );
    if (/^h[1-6]$/.test(tag)) {
      this.#block();
      this.#text += `${'#'.repeat(Number(tag[1]))} `;
    } else if (tag === 'li') this.#item();
    else if (tag === 'ul' || tag === 'ol')
      this.#lists.push({ ordered: tag === 'ol', count: 0 });
    else if (tag === 'a') {
      const href = attribute('href');
      this.#links.push(href);
      if (href) this.#text += '[';
    } else if (tag === 'img') {
      const src = attribute('src');
      if (src)
        this.#text += `![${escapeMarkdown(attribute('alt'))}](${address(src)})`;
    } else if (tag === 'blockquote') {
      this.#quotes += 1;
      this.#block();
    } else if (tag === 'hr') {
      this.#block();
      this.#text += '---';
      this.#block();
    } else if (tag === 'pre') {
      this.#block();
      this.#verbatim = '';
    } else if (tag === 'br') this.#text += '\\\n';
    else if (tag === 'p' || tag === 'tr') this.#block();
    else this.#mark(tag);
  }

  close(tag: string): void {
    if (tag === 'ul' || tag === 'ol') {
      this.#lists.pop();
      if (this.#lists.length === 0) this.#block();
    } else if (tag === 'a') {
      const href = this.#links.pop();
      if (href) this.#text += `](${address(href)})`;
    } else if (tag === 'blockquote') {
      this.#quotes = Math.max(0, this.#quotes - 1);
      this.#block();
    } else if (tag === 'pre') {
      this.#fence(this.#verbatim ?? '');
      this.#verbatim = undefined;
      this.#block();
    } else if (/^(?:p|tr|h[1-6])$/.test(tag)) this.#block();
    else this.#mark(tag);
  }

  #item(): void {
    const list = this.#lists.at(-1);
    if (list) list.count += 1;
    const depth = Math.min(Math.max(0, this.#lists.length - 1), maximumDepth);
    const mark = list?.ordered ? `${list.count}. ` : '- ';
    this.#text += `\n${'   '.repeat(depth)}${mark}`;
  }

  /** Code between fences that are longer than any within. */
  #fence(code: string): void {
    let longest = 2;
    for (const [run] of code.matchAll(/`+/g))
      longest = Math.max(longest, run.length);
    const fence = '`'.repeat(longest + 1);
    const lines = [
      fence,
      ...code.replace(/^\n+/, '').trimEnd().split('\n'),
      fence,
    ];
    this.#text += lines.join(`\n${this.#quote()}`);
  }

  #quote(): string {
    return '> '.repeat(Math.min(this.#quotes, maximumDepth));
  }

  #mark(tag: string): void {
    if (this.#verbatim !== undefined) return;
    if (tag === 'strong') this.#text += '**';
    else if (tag === 'em') this.#text += '*';
    else if (tag === 'code') {
      this.#text += '`';
      this.#code = !this.#code;
    }
  }

  /** What was written, without what no markdown needs. */
  end(): string {
    return this.#text
      .split('\n')
      .map((line) => line.trimEnd())
      .join('\n')
      .replace(/^(?:> ?)+$/gm, '')
      .replace(/\n{3,}/g, '\n\n')
      .replace(/(?:\\\n)+(?=\n|$)/g, '\n')
      .trim();
  }
}

/**
 * Turns the HTML of a feed into markdown: headings, paragraphs, lists, quotes, code, emphasis, images over
 * https and links to the web and to mail addresses, all absolute. Everything else is left out, scripts and
 * styles with their text.
 *
 * @param base address that relative links are relative to
 */
export const htmlToMarkdown = (html: string, base: string): string => {
  const writer = new Writer();
  const tokens = /<(\/?)([a-z][a-z0-9]*)([^>]*)>|[^<]+/g;
  for (const [token, slash, tag, attributes] of sanitize(html, base).matchAll(
    tokens,
  )) {
    if (tag === undefined) writer.text(token);
    else if (slash) writer.close(tag);
    else writer.open(tag, attributes ?? '');
  }
  return writer.end();
};
