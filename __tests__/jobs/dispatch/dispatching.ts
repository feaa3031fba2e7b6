import { once } from 'node:events';

import { pino } from 'pino';
import type { DataSource } from 'typeorm';
import { z } from 'zod';

import {
  Dispatcher,
  type DispatcherOptions,
} from '../../../src/jobs/dispatch/dispatcher.ts';
import type { Ended } from '../../../src/jobs/dispatch/queue-runner.ts';
import type { NewJob } from '../../../src/jobs/port.ts';
import { type QueueDefinition, queueOf } from '../../../src/jobs/queue.ts';
import type { AnyJobHandler } from '../../../src/jobs/registry.ts';
import { enqueue } from '../../../src/jobs/store/enqueue.ts';
import { newJob } from '../store/store.ts';

/** A gate that a handler waits at. */
export class Gate {
  readonly #controller = new AbortController();
  readonly opened = once(this.#controller.signal, 'abort');

  open(): void {
    this.#controller.abort();
  }
}

export interface Dispatching {
  readonly dispatcher: Dispatcher;
  /** Creates jobs, each with the queue's own settings. */
  readonly create: (
    name: string,
    ...jobs: readonly (Partial<NewJob> | undefined)[]
  ) => Promise<string[]>;
  /** Ends so far, in their order. */
  readonly ends: readonly Ended[];
  /** Resolves when so many jobs have ended. */
  readonly ended: (count: number) => Promise<readonly Ended[]>;
}

/** A dispatcher on a test's database, for jobs of any payload. */
export const dispatching = (
  con: DataSource,
  url: string,
  handlers: Readonly<Record<string, AnyJobHandler>>,
  queue: QueueDefinition = {},
  options: Partial<DispatcherOptions> = {},
): Dispatching => {
  const definition = queueOf(queue);
  const dispatcher = new Dispatcher({
    con,
    url,
    logger: pino({ level: 'silent' }),
    registry: {
      queues: { default: queue },
      declarations: Object.fromEntries(
        Object.keys(handlers).map((name) => [name, { payload: z.unknown() }]),
      ),
      handlers,
    },
    ...options,
  });
  const ends: Ended[] = [];
  const runner = dispatcher.runners.get('default')!;
  runner.on('ended', (end) => ends.push(end));
  return {
    dispatcher,
    ends,
    create: async (name, ...jobs) => {
      const enqueued = await enqueue(
        con.manager,
        (jobs.length === 0 ? [{}] : jobs).map((job) =>
          newJob(definition.order === 'strict', {
            name,
            attempts: definition.attempts,
            timeoutSeconds: definition.timeoutSeconds,
            ...job,
          }),
        ),
      );
      return enqueued.map(({ id }) => id);
    },
    ended: async (count) => {
      while (ends.length < count) await once(runner, 'ended');
      return ends;
    },
  };
};
