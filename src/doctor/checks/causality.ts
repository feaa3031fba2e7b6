import type { Check } from '../check.ts';
import { roughAge } from '../text.ts';

/** Seconds that records may be behind: they are written once a second, and a database may be slow. */
const behind = 120;

/** Deliveries are recorded: what the inbox has, which is written with the effects, has its records soon after. */
export const causalityCheck: Check = {
  name: 'causality',
  needs: ['database'],
  run: async ({ query, config }) => {
    if (!config.CAUSALITY_RECORDING)
      return [
        {
          level: 'note',
          message:
            'CAUSALITY_RECORDING is off, so nightshift causality shows no deliveries and no row changes.',
        },
      ];
    // Of one event in many the record may be left out; of all in two minutes it is not.
    const [row] = await query<{ late: number | null }>(
      `select extract(epoch from handled.at - recorded.at)::float8 as late
         from (select max(received_at) as at from inbox where received_at < now() - make_interval(secs => $1)) handled,
           (select max(finished_at) as at from delivery) recorded
        where handled.at > now() - interval '1 day' and (recorded.at is null or recorded.at < handled.at - make_interval(secs => $1))`,
      [behind],
    );
    if (!row)
      return [
        {
          level: 'ok',
          message: 'What was handled in the last day has its records.',
        },
      ];
    return [
      {
        level: 'warning',
        message:
          row.late === null
            ? 'Messages are handled, and no delivery is recorded.'
            : `Deliveries are not recorded any more: the newest record is ${roughAge(row.late)} older than what was handled since.`,
        remedy:
          'look for "could not record deliveries" in the log of the background processes, and for CAUSALITY_RECORDING in their environment',
      },
    ];
  },
};
