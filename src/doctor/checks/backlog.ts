import {
  NoStatisticsError,
  readStatistics,
} from '../../provision/statistics.ts';
import { type Check, UnreachableError } from '../check.ts';
import { pausedNames } from '../paused.ts';
import { counted, roughAge } from '../text.ts';

/** Longer than the pauses of a message that is retried a few times. */
const oldestSeconds = 300;

/** No subscription falls behind. */
export const backlogCheck: Check = {
  name: 'backlog',
  needs: ['broker'],
  run: async (patient) => {
    const { config } = patient;
    try {
      const rows = await readStatistics(config.PUBSUB_EMULATOR_HOST);
      const paused = await pausedNames(patient);
      const behind = rows.filter(
        (row) =>
          !paused.has(row.name) &&
          row.backlog > 0 &&
          row.oldestUnackedSeconds > oldestSeconds,
      );
      if (behind.length > 0)
        return behind.map((row) => ({
          level: 'warning',
          message:
            `${row.name} has ${counted(row.backlog, 'message')} waiting, the oldest for ${roughAge(row.oldestUnackedSeconds)}, ` +
            `delivered up to ${counted(row.deliveryAttemptsMax, 'time')}.`,
          remedy:
            row.outstanding === 0
              ? 'nobody takes them: start the process that serves it (npx pnpm dev:background)'
              : 'nightshift subscriptions --watch',
        }));
      const waiting = rows.reduce((sum, { backlog }) => sum + backlog, 0);
      return [
        {
          level: 'ok',
          message: `Of ${counted(rows.length, 'subscription')} none is behind; ${counted(waiting, 'message')} waiting.`,
        },
      ];
    } catch (error) {
      if (!(error instanceof NoStatisticsError))
        throw new UnreachableError('broker', 'it does not answer', {
          cause: error,
        });
      return [
        {
          level: 'note',
          message:
            'Backlogs are not checked: this broker shows them in Cloud Monitoring (nightshift subscriptions names the metrics).',
        },
      ];
    }
  },
};
