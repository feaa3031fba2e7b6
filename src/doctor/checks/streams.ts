import {
  deadLetterSubscriptions,
  servedSubscriptions,
} from '../../../.infra/common.ts';
import {
  NoStatisticsError,
  readStatistics,
} from '../../provision/statistics.ts';
import {
  type Check,
  type Finding,
  type Patient,
  UnreachableError,
} from '../check.ts';
import { processFindings } from '../processes.ts';
import { counted } from '../text.ts';

/** Subscriptions named at most; the rest is counted. */
const shownSubscriptions = 10;

const start =
  'start the process that serves them: nightshift background, nightshift personalized-digest (locally: npx pnpm dev:background)';

const findingsOf = (
  rows: Awaited<ReturnType<typeof readStatistics>>,
): Finding[] => {
  const live = new Map(rows.map((row) => [row.name, row]));
  const served = [...servedSubscriptions, ...deadLetterSubscriptions()].flatMap(
    // What the broker lacks is found by the comparison with the declarations.
    ({ subscription }) => live.get(subscription) ?? [],
  );
  const deserted = served.filter(
    ({ openStreams, waitingPulls }) => openStreams + waitingPulls === 0,
  );
  if (deserted.length === 0)
    return [
      {
        level: 'ok',
        message: `Each of ${counted(served.length, 'subscription')} has a live stream.`,
      },
    ];
  const names = deserted.slice(0, shownSubscriptions).map(({ name }) => name);
  const more = deserted.length - names.length;
  const waiting = deserted.reduce((sum, { backlog }) => sum + backlog, 0);
  return [
    {
      level: 'broken',
      message:
        `${counted(deserted.length, 'subscription')} without a live stream, so that nobody receives their messages ` +
        `(${waiting} waiting): ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`,
      remedy: start,
    },
  ];
};

/** A broker that does not tell who listens leaves the word of the processes. */
const askedProcesses = async (patient: Patient): Promise<Finding[]> => {
  const { config, healthUrls } = patient;
  const given = healthUrls.length > 0;
  const findings = await processFindings(
    given ? healthUrls : [`http://127.0.0.1:${config.HEALTH_PORT}`],
    given,
  );
  if (findings.length > 0) return findings;
  return [
    {
      level: 'note',
      message:
        'Not known whether every subscription has a live stream: this broker does not tell, and no process answers here.',
      remedy:
        'name the processes: nightshift doctor --health http://<address>:<HEALTH_PORT> …, or look at ' +
        'pubsub.googleapis.com/subscription/open_streaming_pulls in Cloud Monitoring',
    },
  ];
};

/**
 * Every declared subscription has somebody who receives. The local server knows its streams; of
 * Google's service only the processes themselves know, each for what it serves.
 */
export const streamsCheck: Check = {
  name: 'streams',
  needs: ['broker'],
  run: async (patient) => {
    const { config, healthUrls } = patient;
    try {
      const rows = await readStatistics(config.PUBSUB_EMULATOR_HOST);
      return [
        ...findingsOf(rows),
        ...(await processFindings(healthUrls, true)),
      ];
    } catch (error) {
      if (error instanceof NoStatisticsError) return askedProcesses(patient);
      throw new UnreachableError('broker', 'it does not answer', {
        cause: error,
      });
    }
  },
};
