/**
 * What a flow's steps know of each other is checked by the compiler. This file is compiled, never run: each
 * `@ts-expect-error` fails the build if its line ever compiles.
 */
import { z } from 'zod';

import {
  Flow,
  type InputOf,
  type OutputOf,
  startFlow,
} from '../../src/flows/index.ts';

interface Order {
  readonly id: string;
  readonly at: Date;
}

const order = new Flow<{ readonly orderId: string }>('order')
  .step('load', {}, async ({ input }): Promise<Order> => ({
    id: input.orderId,
    at: new Date(),
  }))
  .step(
    'charge',
    { dependsOn: ['load'], transactional: true },
    async ({ outputs, manager }) => {
      await manager.query('select 1');
      // Stored as JSON: a Date is text by now.
      return { paid: true, at: outputs.load.at satisfies string };
    },
  )
  .map(
    'notify',
    { dependsOn: ['load'], items: ({ outputs }) => [outputs.load.id, 'both'] },
    async ({ item, con }) => {
      await con.query('select 1');
      return item.length;
    },
  )
  .waitFor('delivered', {
    dependsOn: ['charge'],
    payload: z.object({ by: z.string() }),
    timeoutSeconds: 60,
    onTimeout: 'skip',
  })
  .sleep('a-while', { dependsOn: ['delivered'], seconds: 5 })
  .step(
    'refund',
    {
      dependsOn: ['charge', 'delivered'],
      when: ({ outputs }) => outputs.charge.paid,
    },
    ({ outputs }) => outputs.delivered?.by ?? 'nobody',
  )
  .step('end', { dependsOn: ['refund', 'notify'] }, ({ outputs }) => ({
    by: outputs.refund satisfies string | undefined,
    counted: outputs.notify.reduce((sum, n) => sum + n, 0),
  }));

export const input: InputOf<typeof order> = { orderId: '1' };
export const output: OutputOf<typeof order> = { by: undefined, counted: 1 };

// A child's input and output.
new Flow('parent')
  .child('order', order, { input: () => ({ orderId: '1' }) })
  .step(
    'end',
    { dependsOn: ['order'] },
    ({ outputs }) => outputs.order.counted satisfies number,
  );

new Flow('wrong-child').child('order', order, {
  // @ts-expect-error: the child is started with something else
  input: () => ({ id: 1 }),
});

// A step depends on earlier ones alone, so that a circle cannot be written.
new Flow('circle')
  // @ts-expect-error: there is no step before this one
  .step('first', { dependsOn: ['second'] }, () => 1)
  .step('second', { dependsOn: ['first'] }, () => 2);

// A handler knows the outputs that it depends on, and no others.
new Flow('unknown')
  .step('first', {}, () => 1)
  .step('second', {}, () => 2)
  .step('third', { dependsOn: ['first'] }, ({ outputs }) => {
    void outputs.first.toFixed();
    // @ts-expect-error: it does not depend on this step
    void outputs.second;
  });

// What may be skipped may be missing.
new Flow('skipped')
  .step('maybe', { when: () => false }, () => 'text')
  .step('lenient', { onExhausted: 'skip' }, () => 'text')
  .step('after', { dependsOn: ['maybe', 'lenient'] }, ({ outputs }) => [
    // @ts-expect-error: its condition may not be met
    outputs.maybe.length,
    // @ts-expect-error: its attempts may be used up
    outputs.lenient.length,
  ]);

// A transactional handler has the transaction, not the pool; any other the pool.
new Flow('access')
  .step('in', { transactional: true }, (context) => {
    // @ts-expect-error: no pool here
    void context.con;
  })
  .step('out', {}, (context) => {
    // @ts-expect-error: no transaction here
    void context.manager;
  });

// Two steps of one name.
new Flow('twice')
  .step('once', {}, () => 1)
  // @ts-expect-error: an earlier step has this name
  .step('once', {}, () => 2);

// What a run is started with.
void startFlow(order, { orderId: '1' });
// @ts-expect-error: something is missing
void startFlow(order, {});
// @ts-expect-error: a queue that is not declared
new Flow('queue').step('first', { queue: 'nowhere' }, () => 1);
