import { setTimeout as delay } from 'node:timers/promises';

import { type AnyFlow, Flow, withFlows } from '../../src/flows/index.ts';
import type { JobRegistry } from '../../src/jobs/registry.ts';

interface Input {
  /** So that runs differ in what fails and how long it takes. */
  readonly number: number;
}

/** Fails now and then, differently for each task, never for good. */
const maybeFail = (key: string, attempt: number): void => {
  let hash = 0;
  for (const character of key) hash = (hash * 31 + character.charCodeAt(0)) | 0;
  if (attempt < 3 && Math.abs(hash) % 17 === 0)
    throw new Error(`attempt ${attempt} fails`);
};

const step = {
  attempts: 50,
  backoff: { seconds: 0.05, growth: 'fixed' },
} as const;

const child = new Flow<Input>('chaos-child').step(
  'work',
  { ...step, transactional: true },
  async ({ manager, task }) => {
    await manager.query('insert into flow_effect (key) values ($1)', [
      task.key,
    ]);
    return task.key;
  },
);

/** Every type of step; what is transactional leaves a row, what is not a row for each try. */
const work = new Flow<Input>('chaos-work')
  .step('begin', step, async ({ input, con, task }) => {
    await con.query('insert into flow_try (key) values ($1)', [task.key]);
    maybeFail(task.key, task.attempt);
    return { count: 5 + (input.number % 20) };
  })
  .map(
    'each',
    {
      ...step,
      dependsOn: ['begin'],
      transactional: true,
      items: ({ outputs }) =>
        Array.from({ length: outputs.begin.count }, (_, n) => n),
    },
    async ({ item, manager, task }) => {
      await manager.query('insert into flow_effect (key) values ($1)', [
        task.key,
      ]);
      maybeFail(task.key, task.attempt);
      if (item % 5 === 0) await delay(5);
      return item;
    },
  )
  .map(
    'plain',
    {
      ...step,
      dependsOn: ['begin'],
      items: ({ outputs }) =>
        Array.from({ length: outputs.begin.count }, (_, n) => n),
    },
    async ({ item, con, task }) => {
      await con.query('insert into flow_try (key) values ($1)', [task.key]);
      return item;
    },
  )
  .sleep('nap', { dependsOn: ['begin'], seconds: 0.2 })
  .child('inner', child, { dependsOn: ['nap'], input: ({ input }) => input })
  .waitFor('go', { dependsOn: ['begin'] })
  .step(
    'end',
    {
      ...step,
      dependsOn: ['each', 'plain', 'inner', 'go'],
      transactional: true,
    },
    async ({ outputs, manager, task }) => {
      await manager.query('insert into flow_effect (key) values ($1)', [
        task.key,
      ]);
      const isInOrder = outputs.each.every((item, index) => item === index);
      return { items: outputs.each.length, isInOrder };
    },
  );

export const flows: readonly AnyFlow[] = [child, work];
export { work };

export const registry: JobRegistry = withFlows(
  { queues: { flows: { concurrency: 20 } }, declarations: {}, handlers: {} },
  flows,
);

/** Transactional effects of a run of `work` with its child: items, end, and the child's. */
export const effectsOf = (number: number): number => 5 + (number % 20) + 2;

/** Tasks of a run with its child, the ones that find items included. */
export const tasksOf = (number: number): number =>
  2 * (5 + (number % 20)) + 2 + 6;

export const tables = [
  'create table flow_effect (key text not null)',
  'create table flow_try (key text not null)',
];
