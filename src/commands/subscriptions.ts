import { setTimeout as delay } from 'node:timers/promises';

import { Command } from 'commander';

import { config } from '../config.ts';
import {
  readStatistics,
  type SubscriptionBacklog,
} from '../provision/statistics.ts';
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

/** `nightshift subscriptions`: what waits, for how long, and how often it was tried. */
export const subscriptionsCommand = (): Command =>
  new Command('subscriptions')
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
  nightshift subscriptions --json | jq '.subscriptions[] | select(.backlog > 0)'`,
    )
    .action(run);
