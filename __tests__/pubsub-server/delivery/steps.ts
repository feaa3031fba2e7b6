import fc from '../../random/property.ts';

import type { DeliverySettings } from '../../../src/pubsub-server/delivery/subscription-state.ts';
import { SECOND } from './set-up.ts';

const several = fc.integer({ min: 1, max: 6 });
const of = <Name extends string, Fields extends object>(
  name: Name,
  fields: { [Field in keyof Fields]: fc.Arbitrary<Fields[Field]> },
) => fc.record(fields).map((given) => ({ do: name, ...given }));

/** Everything that can happen to a subscription; numbers choose among what there is then. */
export const step = fc.oneof(
  {
    weight: 8,
    arbitrary: of('publish', {
      key: fc.constantFrom('', '', 'a', 'b', 'c'),
      bytes: fc.integer({ min: 10, max: 150 }),
    }),
  },
  {
    weight: 8,
    arbitrary: of('take', { stream: fc.nat(2), count: several }),
  },
  { weight: 3, arbitrary: of('pull', { count: several }) },
  { weight: 1, arbitrary: of('pull', { count: fc.constant(100) }) },
  {
    weight: 8,
    arbitrary: of('answer', {
      how: fc.constantFrom('ack' as const, 'nack' as const, 'extend' as const),
      late: fc.boolean(),
      which: fc.nat(50),
      count: several,
    }),
  },
  {
    weight: 4,
    arbitrary: of('advance', {
      seconds: fc.integer({ min: 1, max: 15 }),
      punctual: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: of('reopen', { stream: fc.nat(2) }) },
  { weight: 1, arbitrary: of('seek back', { seconds: fc.nat(60) }) },
  { weight: 1, arbitrary: of('seek to snapshot', { which: fc.nat(4) }) },
  {
    weight: 1,
    arbitrary: of('configure', {
      exactlyOnce: fc.boolean(),
      retainAcked: fc.boolean(),
      forwards: fc.boolean(),
    }),
  },
);
export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

export const settings: fc.Arbitrary<Partial<DeliverySettings>> = fc.record({
  messageOrdering: fc.boolean(),
  retryPolicy: fc.constantFrom(undefined, {
    minimumBackoff: 2 * SECOND,
    maximumBackoff: 3 * SECOND,
  }),
  maxDeliveryAttempts: fc.constantFrom(undefined, 5),
  exactlyOnce: fc.boolean(),
  retainAcked: fc.boolean(),
  retention: fc.constantFrom(40 * SECOND, 7 * 24 * 3600 * SECOND),
});
