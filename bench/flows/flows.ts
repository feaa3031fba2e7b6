import { setTimeout as delay } from 'node:timers/promises';

import { Flow } from '../../src/flows/index.ts';
import { withFlows } from '../../src/flows/registry.ts';
import { queues } from '../../src/jobs/queues.ts';
import type { JobRegistry } from '../../src/jobs/registry.ts';

interface MapInput {
  readonly items: number;
  /** Milliseconds that each item waits, as if for the network. */
  readonly waits: number;
}

/** One map with its fan-in. */
export const wide = new Flow<MapInput>('wide')
  .map(
    'each',
    {
      items: ({ input: { items } }) =>
        Array.from({ length: items }, (_, index) => index),
    },
    async ({ item, input: { waits } }) => {
      if (waits > 0) await delay(waits);
      return item;
    },
  )
  .step('sum', { dependsOn: ['each'] }, ({ outputs }) =>
    outputs.each.reduce((sum, item) => sum + item, 0),
  );

/** The same, but each item writes a row in the transaction of its end. */
export const wideTransactional = new Flow<MapInput>('wide-transactional')
  .map(
    'each',
    {
      items: ({ input: { items } }) =>
        Array.from({ length: items }, (_, index) => index),
      transactional: true,
    },
    async ({ item, manager, task }) => {
      await manager.query('insert into effect (task, item) values ($1, $2)', [
        task.key,
        item,
      ]);
      return item;
    },
  )
  .step('sum', { dependsOn: ['each'] }, ({ outputs }) =>
    outputs.each.reduce((sum, item) => sum + item, 0),
  );

/** What the items of a map do: nothing, so that the engine alone counts; wait, as for a service; write. */
export const kinds = {
  'empty items': { flow: wide, waits: 0 },
  '10 ms items': { flow: wide, waits: 10 },
  'transactional items': { flow: wideTransactional, waits: 0 },
} as const;
export type Kind = keyof typeof kinds;

/** The table of the effects. */
export const effectSql =
  'create table effect (task text primary key, item int not null)';

/** When the handler of a step began and ended, in milliseconds of this process. */
export interface Moment {
  readonly run: string;
  readonly step: string;
  readonly begun: number;
  readonly ended: number;
}

/** What handlers of this process did; the bench empties it. */
export const moments: Moment[] = [];

const note = ({
  task: { runId, step },
}: {
  readonly task: { readonly runId: string; readonly step: string };
}): void => {
  const now = performance.now();
  moments.push({ run: runId, step, begun: now, ended: now });
};

/** Steps one after the other: nine edges. */
export const chain = new Flow('chain')
  .step('s0', {}, note)
  .step('s1', { dependsOn: ['s0'] }, note)
  .step('s2', { dependsOn: ['s1'] }, note)
  .step('s3', { dependsOn: ['s2'] }, note)
  .step('s4', { dependsOn: ['s3'] }, note)
  .step('s5', { dependsOn: ['s4'] }, note)
  .step('s6', { dependsOn: ['s5'] }, note)
  .step('s7', { dependsOn: ['s6'] }, note)
  .step('s8', { dependsOn: ['s7'] }, note)
  .step('s9', { dependsOn: ['s8'] }, note);

/** Two steps beside each other, between two. */
export const diamond = new Flow('diamond')
  .step('top', {}, note)
  .step('left', { dependsOn: ['top'] }, note)
  .step('right', { dependsOn: ['top'] }, note)
  .step('bottom', { dependsOn: ['left', 'right'] }, note);

/** As production runs them: 20 tasks at once in each process. */
export const registry: JobRegistry = withFlows(
  { queues: { flows: queues.flows }, declarations: {}, handlers: {} },
  [wide, wideTransactional, chain, diamond],
);
