import type { Check } from '../check.ts';
import { counted, roughAge } from '../text.ts';

/** Rows are kept for replay after they are published; older ones should have been pruned. */
const oldestDays = 14;

/** The outbox is pruned. Whether it is published is a matter of the slot. */
export const outboxCheck: Check = {
  name: 'outbox',
  needs: ['database'],
  run: async ({ query }) => {
    // Counted up to a bound: the answer has to come in time from a table of any size.
    const [row] = await query<{ age: string | null; rows: string }>(
      `select extract(epoch from now() - (select min(created_at) from outbox)) as age,
              (select count(*) from (select from outbox limit 100000) counted) as rows`,
    );
    const age = Number(row?.age ?? 0);
    const rows = Number(row?.rows ?? 0);
    if (rows === 0)
      return [{ level: 'ok', message: 'The outbox holds no events.' }];
    const shown =
      rows >= 100_000 ? 'at least 100000 events' : counted(rows, 'event');
    if (age > oldestDays * 86_400)
      return [
        {
          level: 'warning',
          message: `The outbox holds ${shown}; the oldest is ${roughAge(age)} old, so nobody prunes it.`,
          remedy:
            'check that the slot is healthy and that a background process runs: rows are pruned only then',
        },
      ];
    return [
      {
        level: 'ok',
        message: `The outbox holds ${shown}; the oldest is ${roughAge(age)} old.`,
      },
    ];
  },
};
