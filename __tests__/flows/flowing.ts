import { once } from 'node:events';

import { pino } from 'pino';
import type { DataSource } from 'typeorm';

import {
  Dispatcher,
  type DispatcherOptions,
} from '../../src/jobs/dispatch/dispatcher.ts';
import type { Ended } from '../../src/jobs/dispatch/queue-runner.ts';
import type { QueueDefinition } from '../../src/jobs/queue.ts';
import { withFlows } from '../../src/flows/registry.ts';
import type { AnyFlow } from '../../src/flows/dsl/definition.ts';

export interface Flowing {
  readonly dispatcher: Dispatcher;
  /** Ends of jobs so far. */
  readonly ends: readonly Ended[];
  /** Resolves when the query, asked after each job's end, says `true`. */
  readonly until: (done: () => Promise<boolean>) => Promise<void>;
  /** Resolves with the state of a run once it has ended. */
  readonly ended: (run: string) => Promise<string>;
}

/** A dispatcher on a test's database that runs flows. */
export const flowing = (
  con: DataSource,
  url: string,
  flows: readonly AnyFlow[],
  queue: QueueDefinition = {},
  options: Partial<DispatcherOptions> = {},
): Flowing => {
  const dispatcher = new Dispatcher({
    con,
    url,
    logger: pino({ level: 'silent' }),
    registry: withFlows(
      { queues: { flows: queue }, declarations: {}, handlers: {} },
      flows,
    ),
    ...options,
  });
  const ends: Ended[] = [];
  const runner = dispatcher.runners.get('flows')!;
  runner.on('ended', (end) => ends.push(end));
  const until = async (done: () => Promise<boolean>): Promise<void> => {
    for (;;) {
      const next = once(runner, 'ended');
      if (await done()) return;
      await next;
    }
  };
  return {
    dispatcher,
    ends,
    until,
    ended: async (run) => {
      let state = '';
      await until(async () => {
        const [row] = await con.query<{ state: string }[]>(
          'select state from flow_run where id = $1',
          [run],
        );
        state = row?.state ?? 'gone';
        return !['running', 'paused'].includes(state);
      });
      return state;
    },
  };
};
