/** One item of RSS. */
export interface RssItem {
  readonly guid?: string;
  readonly title?: string;
  readonly link?: string;
  readonly date?: string;
  readonly description?: string;
}

const tag = (name: string, text: string | undefined): string =>
  text === undefined ? '' : `<${name}>${text}</${name}>`;

/** An RSS feed; texts are written as they are. */
export const rss = (items: readonly RssItem[], channel = ''): string =>
  `<?xml version="1.0"?><rss version="2.0"><channel><title>Feed</title><link>https://example.com/</link>${channel}${items
    .map(
      ({ guid, title, link, date, description }) =>
        `<item>${tag('guid', guid)}${tag('title', title)}${tag('link', link)}${tag('pubDate', date)}${tag('description', description)}</item>`,
    )
    .join('')}</channel></rss>`;
