import type { ClaimRequest } from '../port.ts';
import { enterpriseRank } from './rank.ts';

/** A query that chooses jobs: columns `id`, `state`, `rank` and `turn`. */
export interface Choice {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** What any choice leaves out, on the table `job`; its parameters come at `$first` and after. */
export const eligible = (
  { longestTimeout, enterpriseOnly = false, names }: ClaimRequest,
  first: number,
): Choice => ({
  sql: `job.rank >= $${first} and job.timeout_seconds <= $${first + 1}
    and ($${first + 2}::text[] is null or job.name = any($${first + 2}))`,
  parameters: [
    enterpriseOnly ? enterpriseRank : 0,
    longestTimeout ?? Number.MAX_SAFE_INTEGER,
    names ?? null,
  ],
});
