import type { AnyFeed } from 'feedsmith';

/** Text in HTML, or plain. */
export interface Text {
  readonly text: string;
  readonly plain?: boolean;
}

/** What every format has to say about an item. */
export interface RawItem {
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

/** The items of a feed of any format, with their links made absolute. */
export const rawItems = (parsed: AnyFeed, url: string): RawItem[] => {
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

/** The WebSub hub that a feed names within, and what the feed calls itself. */
export const hubLinks = (
  parsed: AnyFeed,
  url: string,
): { readonly hub: string | undefined; readonly self: string | undefined } => {
  const links = linksOf(parsed);
  const base =
    (parsed.format === 'atom' && resolve(parsed.feed.xml?.base, url)) || url;
  return {
    hub: resolve(linkOf(links, 'hub'), base),
    self: resolve(linkOf(links, 'self'), base),
  };
};
