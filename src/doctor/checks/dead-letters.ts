import type { Check } from '../check.ts';
import { counted, roughAge } from '../text.ts';

/** Subscriptions listed at most; the rest is counted. */
const shownSubscriptions = 10;

/** Nothing has failed for good without somebody having looked at it. */
export const deadLettersCheck: Check = {
  name: 'dead letters',
  needs: ['database'],
  run: async ({ query }) => {
    const rows = await query<{
      subscription: string;
      count: string;
      faults: string;
      age: string;
    }>(
      `with found as (
         select subscription, fingerprint, sum(entries) as entries from dead_letter_tally
          where state = 'open' group by 1, 2 having sum(entries) > 0
       )
       select subscription, sum(entries)::text as count, count(*)::text as faults,
              extract(epoch from now() - min(oldest.first_seen_at))::text as age
         from found cross join lateral (
           select first_seen_at from dead_letter as entry
            where entry.subscription = found.subscription and entry.fingerprint = found.fingerprint
              and entry.state = 'open'
            order by id limit 1
         ) as oldest
        group by subscription
        order by sum(entries) desc, subscription`,
    );
    if (rows.length === 0)
      return [{ level: 'ok', message: 'No dead letters are open.' }];
    const hidden = rows.length - shownSubscriptions;
    return [
      ...rows
        .slice(0, shownSubscriptions)
        .map(({ subscription, count, faults, age }) => ({
          level: 'warning' as const,
          message:
            `${subscription} has ${counted(Number(count), 'open dead letter')} for ${counted(Number(faults), 'reason')}, ` +
            `the oldest from ${roughAge(Number(age))} ago.`,
          remedy: `nightshift dead-letters list --subscription ${subscription}`,
        })),
      ...(hidden > 0
        ? [
            {
              level: 'warning' as const,
              message: `${hidden} more subscriptions have open dead letters.`,
              remedy: 'nightshift dead-letters list',
            },
          ]
        : []),
    ];
  },
};
