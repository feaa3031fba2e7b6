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
import { hubLinks, type RawItem, rawItems, type Text } from './raw-items.ts';
import { htmlToMarkdown, htmlToText } from './markdown.ts';

const maximumTitle = 300;
const maximumContent = 20_000;
const maximumId = 512;
/** Longest piece of HTML that is looked at. */
const maximumHtml = 200_000;

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

const collect = (parsed: AnyFeed, url: string): ParsedFeed => {
  const items = new Map<string, FeedItem>();
  let skipped = 0;
  for (const raw of rawItems(parsed, url)) {
    const item = itemOf(raw);
    if (!item) skipped += 1;
    else if (!items.has(item.id)) items.set(item.id, item);
  }
  return {
    format: parsed.format,
    items: [...items.values()],
    skipped,
    ...hubLinks(parsed, url),
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
