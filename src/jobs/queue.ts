/** The more, the earlier. Stored as they are, with room between them. */
export const QueuePriority = {
  LOW: 10,
  NORMAL: 20,
  HIGH: 30,
  CRITICAL: 40,
} as const;

export type QueuePriority = (typeof QueuePriority)[keyof typeof QueuePriority];

/** What a tenant pays for; an enterprise's jobs have a lane of their own. */
export const TenantTier = {
  FREE: 'free',
  STANDARD: 'standard',
  ENTERPRISE: 'enterprise',
} as const;

export type TenantTier = (typeof TenantTier)[keyof typeof TenantTier];

/** How long to wait before the next attempt. */
export interface Backoff {
  /** Seconds before the second attempt. */
  readonly seconds: number;
  /** `exponential` doubles them with every attempt. @default 'exponential' */
  readonly growth?: 'exponential' | 'fixed';
  /** Longest wait in seconds. @default 3600 */
  readonly longest?: number;
}

/** So many starts in so many seconds. A token bucket: a queue that rested may start them all at once. */
export interface RateLimit {
  readonly count: number;
  readonly seconds: number;
}

export interface QueueDefinition {
  /** @default QueuePriority.NORMAL */
  readonly priority?: QueuePriority;
  /** Jobs that one process runs at once. @default 10 */
  readonly concurrency?: number;
  /** Attempts in all, the first included. @default 3 */
  readonly attempts?: number;
  /** @default { seconds: 2, growth: 'exponential' } */
  readonly backoff?: Backoff;
  /** Seconds that one attempt may take. @default 30 */
  readonly timeoutSeconds?: number;
  /** Jobs of one tenant that run at once, over all processes. @default no limit */
  readonly tenantConcurrency?: number;
  /** Slots of every process that only enterprise tenants' jobs may take. @default 0 */
  readonly enterpriseSlots?: number;
  /** Starts over all processes. @default no limit */
  readonly rate?: RateLimit;
  /** Starts of one tenant's jobs over all processes. @default no limit */
  readonly tenantRate?: RateLimit;
  /**
   * `strict`: one job at a time over all processes, in the order of their creation; jobs with a key
   * wait only for those of the same key. @default 'none'
   */
  readonly order?: 'strict' | 'none';
  /**
   * What a strict queue does when its head has failed for good: `halt` lets the rest wait until
   * that job is run again or resolved, `skip` goes on without it. @default 'halt'
   */
  readonly onExhausted?: 'halt' | 'skip';
}

/** A definition with its defaults filled in. */
export type Queue = Required<
  Omit<QueueDefinition, 'tenantConcurrency' | 'rate' | 'tenantRate'>
> &
  Pick<QueueDefinition, 'tenantConcurrency' | 'rate' | 'tenantRate'>;

/** Fills in what a definition leaves out. */
export const queueOf = (definition: QueueDefinition): Queue => ({
  priority: QueuePriority.NORMAL,
  concurrency: 10,
  attempts: 3,
  backoff: { seconds: 2, growth: 'exponential' },
  timeoutSeconds: 30,
  enterpriseSlots: 0,
  order: 'none',
  onExhausted: 'halt',
  ...definition,
});
