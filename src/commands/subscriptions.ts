import { setTimeout as delay } from 'node:timers/promises';

import { Command } from 'commander';

import type { EntityManager } from 'typeorm';

import { config } from '../config.ts';
import createOrGetConnection, { closeConnection } from '../db.ts';
import {
  readStatistics,
  type SubscriptionBacklog,
} from '../provision/statistics.ts';
import {
  listPauses,
  pauseSubscription,
  resumeSubscription,
  shownPause,
} from '../subscriptions/pauses.ts';
import { withActor } from './operator.ts';
import { type Column, table } from './table.ts';

interface Options {
  readonly json?: true;
  readonly watch?: true;
}

const refreshMilliseconds = 2_000;

/** 3725 → `1h 2m`. */
export const shownAge = (seconds: number): string => {
  const whole = Math.floor(seconds);
  const days = Math.floor(whole / 86_400);
  const hours = Math.floor((whole % 86_400) / 3_600);
  const minutes = Math.floor((whole % 3_600) / 60);
  if (days > 0) return `${days}d ${hours}h`;
  if (hours > 0) return `${hours}h ${minutes}m`;
  if (minutes > 0) return `${minutes}m ${whole % 60}s`;
  return `${whole}s`;
};

const columns: readonly Column<SubscriptionBacklog>[] = [
  ['SUBSCRIPTION', ({ name }) => name],
  ['BACKLOG', ({ backlog }) => String(backlog)],
  ['HELD', ({ outstanding }) => String(outstanding)],
  [
    'OLDEST UNACKED',
    ({ backlog, oldestUnackedSeconds }) =>
      backlog > 0 ? shownAge(oldestUnackedSeconds) : '-',
  ],
  [
    'ATTEMPTS',
    ({ backlog, deliveryAttemptsMax }) =>
      backlog > 0 ? String(deliveryAttemptsMax) : '-',
  ],
  ['DEAD', ({ deadLettered }) => String(deadLettered)],
  ['TOPIC', ({ topic }) => topic],
];

const show = async (json: boolean): Promise<void> => {
  const rows = await readStatistics(config().PUBSUB_EMULATOR_HOST);
  if (json) console.log(JSON.stringify({ subscriptions: rows }));
  else if (rows.length === 0)
    console.log(
      'no subscriptions; make the declared ones: nightshift provision',
    );
  else console.log(table(columns, rows));
};

const run = async (options: Options): Promise<void> => {
  const json = options.json === true;
  await show(json);
  // Until the terminal's Ctrl-C ends the process.
  while (options.watch) {
    await delay(refreshMilliseconds);
    if (process.stdout.isTTY && !json) console.clear();
    await show(json);
  }
};

interface Change {
  readonly actor: string;
  readonly reason?: string;
}

const connected = async (
  work: (manager: EntityManager) => Promise<void>,
): Promise<void> => {
  try {
    await work((await createOrGetConnection()).manager);
  } finally {
    await closeConnection();
  }
};

const pauseCommand = (): Command =>
  withActor(new Command('pause').argument('<subscription>'))
    .description(
      'let no process receive from this subscription; what runs goes on',
    )
    .requiredOption('--reason <text>', 'why, for the audit log')
    .action((subscription: string, { actor, reason = '' }: Change) =>
      connected(async (manager) => {
        await pauseSubscription(manager, subscription, { actor, reason });
        console.log(
          `${subscription} is paused; processes follow within seconds, its messages wait at the broker`,
        );
      }),
    );

const resumeCommand = (): Command =>
  withActor(new Command('resume').argument('<subscription>'))
    .description('let processes receive from a paused subscription again')
    .option('--reason <text>', 'why, for the audit log')
    .action((subscription: string, { actor, reason }: Change) =>
      connected(async (manager) => {
        await resumeSubscription(manager, subscription, { actor, reason });
        console.log(`${subscription} goes on`);
      }),
    );

const pausedCommand = (): Command =>
  new Command('paused')
    .description('list the paused subscriptions, the longest paused first')
    .option('--json', 'print { paused } as one line of JSON')
    .action(({ json }: { readonly json?: true }) =>
      connected(async (manager) => {
        const paused = await listPauses(manager);
        if (json) console.log(JSON.stringify({ paused }));
        else if (paused.length === 0) console.log('no subscription is paused');
        else
          for (const pause of paused)
            console.log(`${pause.subscription} is paused ${shownPause(pause)}`);
      }),
    );

/** `nightshift subscriptions`: what waits, for how long, and how often it was tried; pause and resume. */
export const subscriptionsCommand = (): Command =>
  new Command('subscriptions')
    .addCommand(pauseCommand())
    .addCommand(resumeCommand())
    .addCommand(pausedCommand())
    .description(
      'show backlog, oldest unacked age and delivery attempts of every subscription',
    )
    .option('--watch', 'show it again every two seconds, until Ctrl-C')
    .option('--json', 'print { subscriptions } as one line of JSON')
    .addHelpText(
      'after',
      `
Columns: BACKLOG messages not acknowledged, HELD of these by a worker right now, ATTEMPTS the most
deliveries of any message in the backlog, DEAD messages that went to the dead-letter topic.

The local Pub/Sub server knows these figures. Google's service shows them in Cloud Monitoring; the
command then says under which names.

Environment: PUBSUB_EMULATOR_HOST.

Examples:
  nightshift subscriptions
  nightshift subscriptions --watch
  nightshift subscriptions pause api.comment-markdown --reason 'its renderer is broken'
  nightshift subscriptions --json | jq '.subscriptions[] | select(.backlog > 0)'`,
    )
    .action(run);
