import { Command } from 'commander';

import createOrGetConnection, { closeConnection } from '../db.ts';
import { UnknownQueueError } from '../jobs/errors.ts';
import { haltingQueues } from '../jobs/operate/halting.ts';
import { pauseQueue, resumeQueue } from '../jobs/operate/pause.ts';
import {
  type QueueStatistics,
  queueStatistics,
} from '../jobs/operate/statistics.ts';
import { blockedLanes, stuckJobs } from '../jobs/operate/trouble.ts';
import type { QueueDefinition } from '../jobs/queue.ts';
import { queues } from '../jobs/queues.ts';
import { withActor } from './operator.ts';
import { type Column, table } from './table.ts';

const definitions: Readonly<Record<string, QueueDefinition>> = queues;

const columns: readonly Column<QueueStatistics>[] = [
  ['queue', ({ queue }) => queue],
  ['pending', ({ pending }) => String(pending)],
  ['oldest due', ({ oldestDueSeconds }) => `${Math.round(oldestDueSeconds)} s`],
  ['scheduled', ({ scheduled }) => String(scheduled)],
  ['running', ({ running }) => String(running)],
  ['failed', ({ failed }) => String(failed)],
  ['completed in 1 h', ({ completed }) => String(completed)],
  [
    '',
    ({ pausedBy }) => (pausedBy === undefined ? '' : `paused by ${pausedBy}`),
  ],
];

const read = async () => {
  const { manager } = await createOrGetConnection();
  const [statistics, blocked, stuck] = await Promise.all([
    queueStatistics(manager),
    blockedLanes(manager, haltingQueues()),
    stuckJobs(manager),
  ]);
  return { queues: statistics, blocked, stuck };
};

const show = async ({ json }: { readonly json?: boolean }): Promise<void> => {
  try {
    const found = await read();
    if (json) {
      console.log(JSON.stringify(found, undefined, 2));
      return;
    }
    console.log(table(columns, found.queues));
    for (const { queue, key, jobId, name, waiting } of found.blocked)
      console.log(
        `${queue}${key === '' ? '' : ` (${key})`} is blocked: ${name} ${jobId} failed for good, ${waiting} wait behind it; ` +
          'run it again (POST /api/jobs/run?status=failed) or resolve it at the desk',
      );
    for (const { id, name, queue, worker, seconds } of found.stuck)
      console.log(
        `${queue}: ${name} ${id} has run for ${Math.round(seconds)} s on ${worker}, longer than it may`,
      );
  } finally {
    await closeConnection();
  }
};

interface Change {
  readonly actor: string;
  readonly reason?: string;
}

const change =
  (set: typeof pauseQueue, said: string) =>
  async (queue: string, { actor, reason }: Change) => {
    if (!Object.hasOwn(definitions, queue))
      throw new UnknownQueueError(queue, Object.keys(definitions));
    try {
      const { manager } = await createOrGetConnection();
      await set(manager, queue, {
        actor,
        ...(reason !== undefined && { reason }),
      });
      console.log(`${queue} ${said}`);
    } finally {
      await closeConnection();
    }
  };

/** `nightshift queues`: what waits, runs and has failed; pause and resume. */
export const queuesCommand = (): Command => {
  const command = new Command('queues')
    .description('show what waits, runs and has failed, queue by queue')
    .option('--json', 'as JSON')
    .action(show);
  const changing = (
    usage: string,
    description: string,
    set: typeof pauseQueue,
    said: string,
  ): void => {
    withActor(command.command(usage))
      .description(description)
      .option('--reason <text>', 'why, for the audit log')
      .action(change(set, said));
  };
  changing(
    'pause <queue>',
    'let no process begin jobs of this queue; those that run go on',
    pauseQueue,
    'is paused',
  );
  changing(
    'resume <queue>',
    'let a paused queue go on',
    resumeQueue,
    'goes on',
  );
  return command;
};
