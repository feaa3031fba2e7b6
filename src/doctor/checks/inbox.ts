import type { Check, Finding } from '../check.ts';
import { counted, roughAge } from '../text.ts';

const day = 86_400_000;

/** Rows counted at most: the answer has to come in time from a table of any size. */
const mostCounted = 100_000;

/**
 * The tables by which events are recognised and failures counted are pruned. They grow for ever
 * otherwise, and every transactional message pays for it. A day is left to the pruner.
 */
export const inboxCheck: Check = {
  name: 'inbox',
  needs: ['database'],
  run: async ({ query, deployment }) => {
    const findings: Finding[] = [];
    // The outbox has a check of its own, because whether it is pruned depends on the slot.
    for (const { table, column, age } of deployment.retention.filter(
      (rule) => rule.table !== 'outbox',
    )) {
      const [row] = await query<{ count: number; oldest: number | null }>(
        // Names of our own rules; values are parameters.
        `select count(*)::int as count, extract(epoch from now() - min(at))::float8 as oldest
           from (select ${column} as at from ${table}
                  where ${column} < now() - make_interval(secs => $1)
                  order by ${column} limit $2) old`,
        [(age + day) / 1_000, mostCounted],
      );
      const count = row?.count ?? 0;
      if (count === 0) continue;
      const shown =
        count >= mostCounted ? `at least ${count} rows` : counted(count, 'row');
      findings.push({
        level: 'warning',
        message:
          `Table ${table} holds ${shown} that should have been pruned after ${roughAge(age / 1_000)}; ` +
          `the oldest is ${roughAge(row?.oldest ?? 0)} old.`,
        remedy:
          'run a background process, which prunes every ten minutes, and look for "could not prune" in its log; at once: nightshift prune',
      });
    }
    if (findings.length > 0) return findings;
    return [
      {
        level: 'ok',
        message: 'Inbox and counts of failures hold nothing that is too old.',
      },
    ];
  },
};
