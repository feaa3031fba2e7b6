import { mostRows } from '../reader.ts';

/** What Postgres has no value for. */
export const optional = <Value>(value: Value | null): Value | undefined =>
  value ?? undefined;

/**
 * Rows that meet one of some conditions, each by an index of its own: told of both in one `where`, the planner may
 * rather walk along the order of a large table.
 */
export const either = (
  select: string,
  ...conditions: readonly string[]
): string =>
  conditions
    .map((condition) => `(${select} where ${condition} limit ${mostRows})`)
    .join(' union ');

/** Things with one of the ids in `$1`. */
export const ofId = 'id = any($1::uuid[])';
/** Things that something in `$2` caused. */
export const ofCause = 'cause = any($2)';
