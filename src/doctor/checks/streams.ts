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
  type Deployment,
  type Finding,
  type Patient,
  UnreachableError,
} from '../check.ts';
import { pausedNames } from '../paused.ts';
import { processFindings } from '../processes.ts';
import { counted } from '../text.ts';

/** Subscriptions named at most; the rest is counted. */
const shownSubscriptions = 10;

type Live = Awaited<ReturnType<typeof readStatistics>>[number];

/** Subscriptions that stand or fall together. */
interface Group {
  /** The command that serves them; undefined if none is known. */
  readonly process: string | undefined;
  readonly subscriptions: readonly Live[];
}

const isDeserted = ({ openStreams, waitingPulls }: Live): boolean =>
  openStreams + waitingPulls === 0;

/** What the broker has of the declared subscriptions, by who serves it. What it lacks, another check finds. */
const groupsOf = (
  rows: readonly Live[],
  { processes }: Deployment,
  paused: ReadonlySet<string>,
): readonly Group[] => {
  // From these nobody is meant to receive.
  const live = new Map(
    rows.filter(({ name }) => !paused.has(name)).map((row) => [row.name, row]),
  );
  const declared = new Set(
    [...servedSubscriptions, ...deadLetterSubscriptions()].map(
      ({ subscription }) => subscription,
    ),
  );
  const groups = processes.map(({ name, workers }) => ({
    process: name,
    names: workers.map(({ subscription }) => subscription),
  }));
  for (const { names } of groups)
    for (const name of names) declared.delete(name);
  return [...groups, { process: undefined, names: [...declared] }].map(
    ({ process, names }) => ({
      process,
      subscriptions: names.flatMap((name) => live.get(name) ?? []),
    }),
  );
};

const findingOf = ({ process, subscriptions }: Group): Finding | undefined => {
  const deserted = subscriptions.filter(isDeserted);
  if (deserted.length === 0) return undefined;
  const names = deserted.slice(0, shownSubscriptions).map(({ name }) => name);
  const more = deserted.length - names.length;
  const waiting = deserted.reduce((sum, { backlog }) => sum + backlog, 0);
  const nobody =
    `${counted(deserted.length, 'subscription')} without a live stream, whose messages nobody receives ` +
    `(${waiting} waiting): ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`;
  if (process !== undefined && deserted.length === subscriptions.length)
    return {
      // A process that was not started and has nothing to do hurts nobody yet.
      level: waiting > 0 ? 'broken' : 'warning',
      message: `nightshift ${process} does not run, so there ${deserted.length === 1 ? 'is' : 'are'} ${nobody}`,
      remedy: `start it: nightshift ${process} (locally: nightshift dev ${process})`,
    };
  return {
    level: 'broken',
    message: `There ${deserted.length === 1 ? 'is' : 'are'} ${nobody}`,
    remedy:
      process === undefined
        ? 'start the processes that serve them: nightshift background, nightshift personalized-digest'
        : `nightshift ${process} runs and opens them again by itself; its /health/ready says why it cannot`,
  };
};

const findingsOf = (
  rows: readonly Live[],
  deployment: Deployment,
  paused: ReadonlySet<string>,
): Finding[] => {
  const groups = groupsOf(rows, deployment, paused);
  const findings = groups.flatMap((group) => findingOf(group) ?? []);
  if (findings.length > 0) return findings;
  const served = groups.flatMap(({ subscriptions }) => subscriptions);
  return [
    {
      level: 'ok',
      message: `Each of ${counted(served.length, 'subscription')} has a live stream.`,
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
      const paused = await pausedNames(patient);
      return [
        ...findingsOf(rows, patient.deployment, paused),
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
