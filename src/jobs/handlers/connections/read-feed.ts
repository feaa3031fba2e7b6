import { createHash } from 'node:crypto';

import { type AnyFeed, parseFeed } from 'feedsmith';

import { parseFeedDate } from './dates.ts';
import { decodeFeed } from './decode.ts';
import type {
  FeedItem,
  ParseAnswer,
  ParsedFeed,
  ParseRequest,
} from './item.ts';
import { htmlToMarkdown, htmlToText } from './markdown.ts';

const maximumTitle = 300;
const maximumContent = 20_000;
const maximumId = 512;
/** Longest piece of HTML that is looked at. */
const maximumHtml = 500_000;

/** Text in HTML, or plain. */
interface Text {
  readonly text: string;
  readonly plain?: boolean;
}

/** What every format has to say about an item. */
interface RawItem {
  readonly id: string | undefined;
  readonly title: Text | undefined;
  readonly content: Text | undefined;
  readonly link: string | undefined;
  readonly date: string | undefined;
  /** What links are relative to. */
  readonly base: string;
}

type FeedOf<Format extends AnyFeed['format']> = Extract<
  AnyFeed,
  { format: Format }
>['feed'];

interface Link {
  readonly href?: string | undefined;
  readonly rel?: string | undefined;
}

const resolve = (
  link: string | undefined,
  base: string,
): string | undefined => {
  const url = link === undefined ? null : URL.parse(link, base);
  return url && /^https?:$/.test(url.protocol) ? url.href : undefined;
};

const linkOf = (
  links: readonly Link[] | undefined,
  relation: string,
): string | undefined =>
  links?.find(({ rel = 'alternate' }) => rel.toLowerCase() === relation)?.href;

const html = (text: string | undefined): Text | undefined =>
  text === undefined ? undefined : { text };

const fromRss = (feed: FeedOf<'rss'>, url: string): RawItem[] => {
  const site = resolve(feed.link, url) ?? url;
  return (feed.items ?? []).map((item): RawItem => {
    const { guid } = item;
    const permanent = guid?.isPermaLink === false ? undefined : guid?.value;
    const link =
      resolve(item.link ?? linkOf(item.atom?.links, 'alternate'), site) ??
      // A guid that is no address is no link, whatever it says of itself.
      (/^https?:/.test(permanent ?? '') ? permanent : undefined);
    return {
      id: guid?.value,
      title: html(item.title ?? item.dc?.titles?.[0]),
      content: html(item.content?.encoded ?? item.description),
      link,
      date: item.pubDate ?? item.dc?.dates?.[0] ?? item.atom?.published,
      base: resolve(item.xml?.base, site) ?? link ?? site,
    };
  });
};

const fromRdf = (feed: FeedOf<'rdf'>, url: string): RawItem[] => {
  const site = resolve(feed.link, url) ?? url;
  return (feed.items ?? []).map((item): RawItem => ({
    id: item.rdf?.about,
    title: html(item.title),
    content: html(item.content?.encoded ?? item.description),
    link: resolve(item.link, site),
    date: item.dc?.dates?.[0],
    base: site,
  }));
};

const atomText = (
  text: { readonly value?: string; readonly type?: string } | undefined,
): Text | undefined =>
  text?.value === undefined
    ? undefined
    : { text: text.value, plain: !/html/i.test(text.type ?? 'text') };

const fromAtom = (feed: FeedOf<'atom'>, url: string): RawItem[] => {
  const base = resolve(feed.xml?.base, url) ?? url;
  return (feed.entries ?? []).map((entry): RawItem => {
    const own = resolve(entry.xml?.base, base) ?? base;
    const inner = entry.content ?? entry.summary;
    return {
      id: entry.id,
      title: atomText(entry.title),
      content: atomText(entry.content) ?? atomText(entry.summary),
      link:
        resolve(linkOf(entry.links, 'alternate'), own) ??
        resolve(entry.content?.src, own),
      date: entry.published ?? entry.updated,
      base: resolve(inner?.xml?.base, own) ?? own,
    };
  });
};

const fromJson = (feed: FeedOf<'json'>, url: string): RawItem[] =>
  (feed.items ?? []).map((item): RawItem => {
    const plain = item.content_text ?? item.summary;
    const link = resolve(item.url ?? item.external_url, url);
    return {
      id: item.id,
      title:
        item.title === undefined
          ? undefined
          : { text: item.title, plain: true },
      content:
        html(item.content_html) ??
        (plain === undefined ? undefined : { text: plain, plain: true }),
      link,
      date: item.date_published ?? item.date_modified,
      base: link ?? url,
    };
  });

const rawItems = (parsed: AnyFeed, url: string): RawItem[] => {
  switch (parsed.format) {
    case 'rss':
      return fromRss(parsed.feed, url);
    case 'rdf':
      return fromRdf(parsed.feed, url);
    case 'atom':
      return fromAtom(parsed.feed, url);
    case 'json':
      return fromJson(parsed.feed, url);
  }
};

/** Everything that Postgres can store: no NUL, no half characters. */
const storable = (text: string): string =>
  // eslint-disable-next-line no-control-regex
  text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '').toWellFormed();

const shorten = (text: string, maximum: number): string => {
  if (text.length <= maximum) return text;
  // A character of two halves is not cut in two.
  const cut = text.slice(0, maximum - 1).replace(/[\ud800-\udbff]$/, '');
  return `${cut.trimEnd()}…`;
};

const escapeHtml = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

const asHtml = ({ text, plain }: Text): string => {
  const bounded = text.slice(0, maximumHtml);
  return plain
    ? bounded
        .split(/\n\s*\n/)
        .map((paragraph) => `<p>${escapeHtml(paragraph)}</p>`)
        .join('')
    : bounded;
};

const asLine = (text: Text | undefined): string => {
  if (!text) return '';
  const line = text.plain
    ? text.text.replace(/\s+/g, ' ').trim()
    : htmlToText(text.text.slice(0, maximumHtml));
  return storable(line);
};

const digest = (...parts: readonly string[]): string =>
  createHash('sha256').update(parts.join('\0')).digest('hex');

const identityOf = (
  { id, link }: RawItem,
  title: string,
  date: string,
): string => {
  const given = storable(id?.trim() || link || '');
  if (given === '') return `sha256:${digest(title, date)}`;
  return given.length <= maximumId ? given : `sha256:${digest(given)}`;
};

const contentOf = ({ content, link, base }: RawItem): string => {
  const ending = link === undefined || link.length > 2_000 ? '' : `<${link}>`;
  const body = content ? storable(htmlToMarkdown(asHtml(content), base)) : '';
  const room = maximumContent - ending.length - 2;
  return [shorten(body, room), ending]
    .filter((part) => part !== '')
    .join('\n\n');
};

/** @returns `undefined` if the item says nothing */
const itemOf = (raw: RawItem): FeedItem | undefined => {
  const content = contentOf(raw);
  const given = asLine(raw.title);
  if (given === '' && content === '') return undefined;
  const title = shorten(
    given || shorten(asLine(raw.content), 100) || raw.link || 'Untitled',
    maximumTitle,
  );
  return {
    // What the title was made of may change, so that only a given one tells items apart.
    id: identityOf(raw, given || content, raw.date ?? ''),
    title,
    content,
    contentHash: digest(title, content),
    publishedAt: raw.date === undefined ? undefined : parseFeedDate(raw.date),
  };
};

const linksOf = (parsed: AnyFeed): readonly Link[] => {
  switch (parsed.format) {
    case 'atom':
      return parsed.feed.links ?? [];
    case 'rss':
    case 'rdf':
      return parsed.feed.atom?.links ?? [];
    case 'json':
      return [
        { rel: 'self', href: parsed.feed.feed_url },
        ...(parsed.feed.hubs ?? [])
          .filter(({ type }) => /websub/i.test(type ?? ''))
          .map((hub) => ({ rel: 'hub', href: hub.url })),
      ];
  }
};

const collect = (parsed: AnyFeed, url: string): ParsedFeed => {
  const items = new Map<string, FeedItem>();
  let skipped = 0;
  for (const raw of rawItems(parsed, url)) {
    const item = itemOf(raw);
    if (!item) skipped += 1;
    else if (!items.has(item.id)) items.set(item.id, item);
  }
  const links = linksOf(parsed);
  const base =
    (parsed.format === 'atom' && resolve(parsed.feed.xml?.base, url)) || url;
  return {
    format: parsed.format,
    items: [...items.values()],
    skipped,
    hub: resolve(linkOf(links, 'hub'), base),
    self: resolve(linkOf(links, 'self'), base),
  };
};

/**
 * Reads a feed: decodes it, parses it whatever its format, and makes its items ready to become posts. Takes
 * the processor for as long as it takes; it belongs in a thread that can be ended.
 */
export const readFeed = ({
  body,
  contentType,
  url,
  maximumItems,
}: ParseRequest): ParseAnswer => {
  const text = decodeFeed(body, contentType).trim();
  try {
    const parsed = parseFeed(text, { maxItems: maximumItems });
    return { type: 'parsed', feed: collect(parsed, url) };
  } catch (error) {
    const name = error instanceof Error ? error.name : '';
    if (name === 'DetectError')
      return {
        type: 'unreadable',
        reason: 'not-a-feed',
        detail: /<html[\s>]/i.test(text.slice(0, 4_096))
          ? 'a web page'
          : `${body.byteLength} bytes of ${contentType ?? 'no type'}`,
      };
    if (name === 'MalformedError' || name === 'ParseError')
      return {
        type: 'unreadable',
        reason: 'malformed',
        detail: `${body.byteLength} bytes that end or nest wrongly`,
      };
    throw error;
  }
};
