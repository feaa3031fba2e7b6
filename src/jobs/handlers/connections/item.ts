/** What the thread that parses is given. */
export interface ParseRequest {
  /** The bytes of the answer. */
  readonly body: Uint8Array;
  /** The answer's `content-type`; its charset counts. */
  readonly contentType: string | undefined;
  /** Where the answer came from: what relative links are relative to. */
  readonly url: string;
  readonly maximumItems: number;
}

/** An item of a feed, ready to become a post. */
export interface FeedItem {
  /** What the feed calls it, else what tells it from others; at most 512 characters. */
  readonly id: string;
  /** Text, 1 to 300 characters. */
  readonly title: string;
  /** Markdown, at most 20,000 characters. */
  readonly content: string;
  /** Changes if and only if title or content does. */
  readonly contentHash: string;
  /** Milliseconds since 1970; `undefined` if the feed says nothing that can be a date. */
  readonly publishedAt: number | undefined;
}

/** A feed as it was read. */
export interface ParsedFeed {
  readonly format: 'rss' | 'atom' | 'rdf' | 'json';
  /** Each id once, in the order of the feed. */
  readonly items: readonly FeedItem[];
  /** Items that say nothing: neither title, content nor link. */
  readonly skipped: number;
  /** The WebSub hub that the feed names, and what it calls itself. */
  readonly hub: string | undefined;
  readonly self: string | undefined;
}

/** Why something cannot be read as a feed. */
export interface Unreadable {
  readonly reason: 'not-a-feed' | 'malformed';
  readonly detail: string;
}

export type ParseAnswer =
  | { readonly type: 'parsed'; readonly feed: ParsedFeed }
  | ({ readonly type: 'unreadable' } & Unreadable);
