import type { EntityManager } from 'typeorm';

import type { ClaimedJob } from '../port.ts';
import type { Queue, RateLimit } from '../queue.ts';

/**
 * What a token bucket in `job_rate` holds by now, a full one if there is no row; less than nothing where
 * failed jobs were run again beyond it. A clock that was set back fills it like one that goes on: else it
 * would stay closed until the clock is back where it was.
 */
export const tokensSql = (count: string, seconds: string): string =>
  `least(${count}, coalesce(
    job_rate.tokens + abs(extract(epoch from clock_timestamp() - job_rate.refilled_at)) * ${count} / ${seconds},
    ${count}))`;

const spendSql = `
  insert into job_rate (queue, tenant, tokens, refilled_at)
  select $1, tenant, $2::float8 - spent, clock_timestamp()
  from unnest($4::text[], $5::int[]) as entry (tenant, spent)
  on conflict (queue, tenant) do update set
    tokens = ${tokensSql('$2::float8', '$3::float8')} - ($2::float8 - excluded.tokens),
    refilled_at = excluded.refilled_at`;

/** Takes the tokens of claimed jobs out of their buckets, in the transaction of the claim. */
export const spend = async (
  manager: EntityManager,
  name: string,
  { rate, tenantRate }: Queue,
  claimed: readonly ClaimedJob[],
): Promise<void> => {
  if (claimed.length === 0) return;
  const take = async (
    { count, seconds }: RateLimit,
    spent: ReadonlyMap<string, number>,
  ): Promise<void> => {
    await manager.query(spendSql, [
      name,
      count,
      seconds,
      [...spent.keys()],
      [...spent.values()],
    ]);
  };
  if (rate) await take(rate, new Map([['', claimed.length]]));
  if (!tenantRate) return;
  const byTenant = new Map<string, number>();
  for (const { tenant } of claimed)
    if (tenant !== undefined)
      byTenant.set(tenant, (byTenant.get(tenant) ?? 0) + 1);
  if (byTenant.size > 0) await take(tenantRate, byTenant);
};
