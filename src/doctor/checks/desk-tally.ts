import { type Miscount, miscountsSql } from '../../dead-letters/tally.ts';
import type { Check } from '../check.ts';

/** Lines at most. */
const shown = 10;

/** What pages and metrics show of the desk is what stands there. */
export const deskTallyCheck: Check = {
  name: 'desk tally',
  needs: ['database'],
  run: async ({ query }) => {
    const wrong = await query<Miscount>(miscountsSql, [shown]);
    if (wrong.length === 0)
      return [
        { level: 'ok', message: 'The tally of the desk counts its entries.' },
      ];
    return wrong.map(
      ({ subscription, fingerprint, state, tallied, entries }) => ({
        level: 'broken',
        message: `The tally has ${tallied} ${state} entries of ${subscription} with fingerprint ${fingerprint}, but there are ${entries}: a trigger of dead_letter was off.`,
        remedy: 'nightshift dead-letters recount',
      }),
    );
  },
};
