import type { OperatorRight } from '../config.ts';

/** What can be done to many things at once, with the right that it asks for. */
export const bulkKinds = {
  'dead-letters.redrive': 'redrive',
  'dead-letters.resolve': 'resolve',
  'jobs.retry': 'jobs',
  'jobs.cancel': 'jobs',
  'flows.retry': 'flows',
  'flows.cancel': 'flows',
} as const satisfies Record<string, OperatorRight>;

export type BulkKind = keyof typeof bulkKinds;

/** The job that does a part of an action. */
export const bulkJob = 'operator-bulk-action';

/** Things that one action touches at most. */
export const mostItems = 100_000;

/** Things a second. */
export const rates = { least: 1, most: 500, usual: 20 } as const;

/** The filter means more than one action touches, or nothing. Nothing was begun. */
export class BulkSizeError extends Error {
  override readonly name = 'BulkSizeError';

  constructor(readonly matching: number) {
    super(
      matching === 0
        ? 'expected a filter that means something, but it means nothing by now'
        : `expected a filter that means at most ${mostItems} things, but it means ${matching}; narrow it`,
    );
  }
}

/** There is no such action. */
export class UnknownBulkActionError extends Error {
  override readonly name = 'UnknownBulkActionError';

  constructor(readonly id: string) {
    super(`expected the id of a bulk action that runs, got: ${id}`);
  }
}
