import type { EntityManager } from 'typeorm';

import { declaredResources } from '../provision/declared.ts';
import type { SubscriptionSettings } from '../provision/settings.ts';
import type { SubscriptionBacklog } from '../provision/statistics.ts';
import type { Served } from './processes/served.ts';

/** What the broker has, by the bare names of subscriptions. */
export type BrokerSettings = ReadonlyMap<string, SubscriptionSettings>;

/** One option of a subscription; values as JSON. */
export interface SubscriptionOption {
  readonly name: string;
  /** Null where the subscription is not declared. */
  readonly declared: string | null;
  /** Null where the broker does not tell, or has no such subscription. */
  readonly live: string | null;
  /** Whether both are known and not the same. */
  readonly differs: boolean;
}

/** A process that receives from it. */
export interface ServingProcess extends Served {
  readonly id: string;
  readonly name: string;
  readonly host: string;
  readonly pid: number;
  readonly seenAt: Date;
}

export interface SubscriptionDetails {
  readonly name: string;
  /** Null where neither the declarations nor the broker know it. */
  readonly topic: string | null;
  readonly isDeclared: boolean;
  readonly options: readonly SubscriptionOption[];
  readonly processes: readonly ServingProcess[];
  /** Null where the broker does not tell. */
  readonly backlog: SubscriptionBacklog | null;
}

const text = (value: unknown): string | null =>
  value === undefined ? 'none' : JSON.stringify(value);

const optionsOf = (
  declared: SubscriptionSettings | undefined,
  live: SubscriptionSettings | undefined,
): SubscriptionOption[] => {
  const names = Object.keys(declared ?? live ?? {}).filter(
    (name) => name !== 'topic',
  ) as (keyof SubscriptionSettings)[];
  return names.map((name) => {
    const one = declared ? text(declared[name]) : null;
    const other = live ? text(live[name]) : null;
    return {
      name,
      declared: one,
      live: other,
      differs: one !== null && other !== null && one !== other,
    };
  });
};

const processesSql = `
  select id, name, host, pid, seen_at as "seenAt", served.*
  from process_report cross join lateral jsonb_to_record(subscriptions -> $1)
    as served (handled float8, failed float8, running float8, reopenings float8)
  where subscriptions ? $1 and stopped_at is null and seen_at > now() - interval '1 minute'
  order by name, host, pid limit 100`;

/**
 * One subscription as it is declared, as the broker has it, and who serves it.
 *
 * @param live the broker's settings; `undefined` where it does not tell
 * @param backlogs `undefined` where the broker does not tell
 * @returns `undefined` if nobody knows a subscription of this name
 */
export const readSubscription = async (
  manager: EntityManager,
  name: string,
  live: BrokerSettings | undefined,
  backlogs: readonly SubscriptionBacklog[] | undefined,
): Promise<SubscriptionDetails | undefined> => {
  const declared = declaredResources().subscriptions.find(
    (subscription) => subscription.name === name,
  )?.settings;
  const settings = live?.get(name);
  const backlog = backlogs?.find((row) => row.name === name);
  if (!declared && !settings && !backlog) return undefined;
  return {
    name,
    topic: declared?.topic ?? settings?.topic ?? backlog?.topic ?? null,
    isDeclared: declared !== undefined,
    options: optionsOf(declared, settings),
    processes: await manager.query<ServingProcess[]>(processesSql, [name]),
    backlog: backlog ?? null,
  };
};
