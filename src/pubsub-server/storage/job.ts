import type { StatementName } from './schema.ts';

/** What SQLite takes. */
export type Value = number | string | Uint8Array | null;

/** One change: a statement and what it is bound to. */
export type Operation = readonly [StatementName, ...Value[]];

/** How many numbers of {@link PublishedBatches.numbers} describe one batch. */
export const NUMBERS_A_BATCH = 5;

/** Publish requests packed together, so that their memory moves to the writer instead of being copied. */
export interface PublishedBatches {
  /** Of each: first id, count, topic, publish time (ms), length of the request in bytes. */
  readonly numbers: Float64Array<ArrayBuffer>;
  /** The requests one after the other. */
  readonly requests: Uint8Array<ArrayBuffer>;
}

/** What is written in one transaction: first the batches, then the operations in their order. */
export interface Job {
  readonly batches: PublishedBatches | undefined;
  readonly operations: readonly Operation[];
}

export interface HolderRow {
  readonly key: number;
  readonly kind: 'subscription' | 'snapshot';
  readonly name: string;
  readonly topic: number;
  readonly resource: Uint8Array;
  readonly baseId: number;
  readonly heldIds: Uint8Array;
  readonly retainsFrom: number | null;
  /** First and last id of each range, one after the other, rising. */
  readonly finished: Float64Array;
  /** Message id, deliveries, failures, of each message that failed. */
  readonly failures: Float64Array;
}

export interface TopicRow {
  readonly key: number;
  readonly name: string;
  readonly resource: Uint8Array;
  readonly keepsFrom: number | null;
}

export interface PolicyRow {
  readonly resource: string;
  readonly policy: Uint8Array;
}

/** Everything on disk but the messages. */
export interface StoredResources {
  readonly topics: readonly TopicRow[];
  readonly holders: readonly HolderRow[];
  readonly policies: readonly PolicyRow[];
  readonly nextMessageId: number;
}

export interface BatchRow {
  readonly firstId: number;
  readonly count: number;
  readonly topic: number;
  readonly publishTime: number;
  readonly request: Uint8Array;
}

/** What the writer is started with. */
export interface WriterOptions {
  /** The data directory. */
  readonly directory: string;
  /** The database in it. */
  readonly file: string;
}

/** To the writer; each is answered once, in order. */
export type Request =
  | { readonly kind: 'read'; readonly afterId: number }
  | { readonly kind: 'write'; readonly job: Job }
  /** Writes the job that failed once more. */
  | { readonly kind: 'retry' }
  | { readonly kind: 'close' };

/** From the writer. The first is `opened` or `refused`, unasked. */
export type Response =
  | { readonly kind: 'opened'; readonly resources: StoredResources }
  | {
      readonly kind: 'refused';
      readonly refusal: 'in-use' | 'damaged' | 'unavailable';
      readonly reason: string;
      readonly pid?: number;
    }
  /** In the order of their ids; none after the last. */
  | { readonly kind: 'batches'; readonly batches: readonly BatchRow[] }
  | { readonly kind: 'written' }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'closed' };
