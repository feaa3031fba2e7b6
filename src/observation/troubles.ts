import type { DeadLetterGroup } from '../dead-letters/groups.ts';
import type { FlowDepth } from '../flows/read/depth.ts';
import type { QueueStatistics } from '../jobs/operate/statistics.ts';
import type { BlockedLane, StuckJob } from '../jobs/operate/trouble.ts';
import type { SubscriptionBacklog } from '../provision/statistics.ts';
import type { ProcessesOverview } from './processes/read.ts';
import type { ReplicationOverview } from './replication.ts';
import { shownPause, type SubscriptionPause } from '../subscriptions/pauses.ts';

/** Something that somebody should look at, in a sentence, and where. */
export interface Trouble {
  readonly level: 'warning' | 'broken';
  readonly sentence: string;
  /** The part of the page that shows more. */
  readonly about:
    | 'processes'
    | 'subscriptions'
    | 'flows'
    | 'queues'
    | 'dead-letters'
    | 'replication';
}

/** What was found when everything was looked at once. */
export interface Looked extends ProcessesOverview {
  /** What the broker says of each subscription; `undefined` where it does not. */
  readonly subscriptions: readonly SubscriptionBacklog[] | undefined;
  /** Why there is nothing about subscriptions. */
  readonly subscriptionsUnknown: string | undefined;
  readonly pauses: readonly SubscriptionPause[];
  readonly flows: readonly FlowDepth[];
  readonly queues: readonly QueueStatistics[];
  readonly blocked: readonly BlockedLane[];
  readonly stuck: readonly StuckJob[];
  readonly deadLetters: {
    readonly open: number;
    readonly groups: readonly DeadLetterGroup[];
  };
  readonly replication: ReplicationOverview;
}

/** Seconds that something may wait before somebody should look. */
const patience = { message: 60, job: 60 };

const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;

/** A time span for people: `42 s`, `7 min`, `3 h`, `2 d`. */
const span = (seconds: number): string => {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
};

/** What of an overview is not all right, the worst first. */
export const troublesOf = ({
  processes,
  subscriptions,
  subscriptionsUnknown,
  flows,
  pauses,
  queues,
  blocked,
  stuck,
  deadLetters,
  replication,
}: Looked): Trouble[] => {
  const troubles: Trouble[] = [];
  const say = (
    level: Trouble['level'],
    about: Trouble['about'],
    sentence: string,
  ) => troubles.push({ level, about, sentence });
  const live = processes.filter(({ silent }) => !silent);
  if (!live.some(({ name }) => name !== 'nightshift-api'))
    say(
      'broken',
      'processes',
      'No background process tells of itself: nothing is handled. Start nightshift background.',
    );
  for (const { name, host, pid, silent, seenAt } of processes)
    if (silent)
      say(
        'warning',
        'processes',
        `${name} (process ${pid} on ${host}) has said nothing for ${span((Date.now() - seenAt.getTime()) / 1_000)}, and did not stop in order.`,
      );
  if (!replication.found || !replication.active)
    say('broken', 'replication', replication.sentence);
  else if (
    replication.bottleneck !== null &&
    replication.bottleneck !== 'effect'
  )
    say('warning', 'replication', replication.sentence);
  if (subscriptionsUnknown?.startsWith('The broker'))
    say('broken', 'subscriptions', subscriptionsUnknown);
  const paused = new Set(pauses.map(({ subscription }) => subscription));
  for (const pause of pauses)
    say(
      'warning',
      'subscriptions',
      `${pause.subscription} is paused ${shownPause(pause)}.`,
    );
  for (const {
    name,
    backlog,
    oldestUnackedSeconds,
    openStreams,
    waitingPulls,
  } of subscriptions ?? []) {
    if (backlog === 0 || paused.has(name)) continue;
    const waits = `${plural(backlog, 'message')} of ${name}, the oldest for ${span(oldestUnackedSeconds)}`;
    if (openStreams + waitingPulls === 0)
      say('broken', 'subscriptions', `Nobody receives ${waits}.`);
    else if (oldestUnackedSeconds > patience.message)
      say('warning', 'subscriptions', `Handlers are behind: ${waits}.`);
  }
  for (const { queue, pausedBy, pending, oldestDueSeconds, failed } of queues) {
    if (pausedBy !== undefined)
      say(
        'warning',
        'queues',
        `The queue ${queue} is paused by ${pausedBy || 'nobody who gave a name'}.`,
      );
    else if (pending > 0 && oldestDueSeconds > patience.job)
      say(
        'warning',
        'queues',
        `${plural(pending, 'job')} of the queue ${queue} ${pending === 1 ? 'is' : 'are'} due, the oldest for ${span(oldestDueSeconds)}.`,
      );
    if (failed > 0)
      say(
        'warning',
        'queues',
        `${plural(failed, 'job')} of the queue ${queue} failed for good.`,
      );
  }
  for (const { queue, key, waiting, name } of blocked)
    say(
      'broken',
      'queues',
      `${queue}${key === '' ? '' : ` (${key})`} is blocked: its head ${name} failed for good, and ${plural(waiting, 'job')} wait${waiting === 1 ? 's' : ''} behind it.`,
    );
  for (const { queue, name, seconds, worker } of stuck)
    say(
      'warning',
      'queues',
      `${name} of the queue ${queue} has run for ${span(seconds)} on ${worker}, longer than it may.`,
    );
  for (const { flow, runs } of flows) {
    const { failed, paused } = runs;
    if (failed > 0)
      say(
        'warning',
        'flows',
        `${plural(failed, 'run')} of the flow ${flow} failed.`,
      );
    if (paused > 0)
      say(
        'warning',
        'flows',
        `${plural(paused, 'run')} of the flow ${flow} ${paused === 1 ? 'is' : 'are'} paused.`,
      );
  }
  if (deadLetters.open > 0)
    say(
      'warning',
      'dead-letters',
      `${plural(deadLetters.open, 'dead letter')} wait${deadLetters.open === 1 ? 's' : ''} at the desk${deadLetters.groups.length === 1 ? ', all for one reason' : ''}.`,
    );
  const rank = { broken: 0, warning: 1 };
  return troubles.sort((one, other) => rank[one.level] - rank[other.level]);
};
