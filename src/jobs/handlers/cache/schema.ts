/** A post as it stands in the list of what is read and liked now. */
export interface TrendingPost {
  readonly id: string;
  readonly title: string;
  readonly sourceId: string;
  readonly authorId: string;
  readonly upvotes: number;
  readonly comments: number;
  /** Upvotes and views, each worth half as much a day later. */
  readonly score: number;
}

/**
 * `silent`: nothing for 24 hours; `low`: yesterday had less than half of what the six days before had on
 * average, where that is ten or more.
 */
export type KpiState = 'ok' | 'low' | 'silent';

export interface Kpi {
  readonly name: 'users' | 'posts' | 'comments' | 'upvotes' | 'views';
  readonly state: KpiState;
  /** ISO 8601; `null` if there was none in all these days. */
  readonly newestAt: string | null;
  /** A day's mean over the six days before yesterday. */
  readonly typical: number;
  /** Eight days in UTC, oldest first; the last one is today and not over. */
  readonly days: readonly { readonly day: string; readonly count: number }[];
}

export interface KpiHealth {
  readonly kpis: readonly Kpi[];
  /** What waits. Ages are in seconds; `null` where nothing waits. */
  readonly waiting: {
    /** Events stay in the outbox for a while after they were published. */
    readonly outboxOldest: number | null;
    readonly deadLettersOpen: number;
    readonly deadLettersOldest: number | null;
    readonly jobsDue: number;
    readonly jobsOldestDue: number | null;
  };
}

/** What is cached, by its key. */
export interface CacheSchema {
  'trending-posts': readonly TrendingPost[];
  'kpi-health': KpiHealth;
}

export type CacheKey = keyof CacheSchema;
