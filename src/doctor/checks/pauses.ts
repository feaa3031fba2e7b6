import { listPauses, shownPause } from '../../subscriptions/pauses.ts';
import type { Check } from '../check.ts';
import { counted } from '../text.ts';

/** Hours after which a pause looks forgotten. */
const long = 4;

/** What operators have paused, and whether they may have forgotten it. */
export const pausesCheck: Check = {
  name: 'pauses',
  needs: ['database'],
  run: async ({ query }) => {
    const pauses = await listPauses({ query });
    if (pauses.length === 0)
      return [{ level: 'ok', message: 'No subscription is paused.' }];
    return pauses.map((pause) => {
      const hours = (Date.now() - pause.pausedAt.getTime()) / 3_600_000;
      const message = `${pause.subscription} is paused ${shownPause(pause)}; its messages wait at the broker.`;
      return hours < long
        ? { level: 'note', message }
        : {
            level: 'warning',
            message: `${message} That is ${counted(Math.floor(hours), 'hour')}, and the broker deletes what is older than the subscription's retention.`,
            remedy: `nightshift subscriptions resume ${pause.subscription}`,
          };
    });
  },
};
