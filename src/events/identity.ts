import { v5 as uuidv5, v7 as uuidv7 } from 'uuid';

import type { Cause } from './context.ts';

/** Namespace of the ids of caused events. A change makes every redelivered event a new one. */
const namespace = '5b1ad0a6-7f3c-5d0e-9b52-1c6f6f0f4a11';

/**
 * The id of an event.
 *
 * Outside of handlers it is a new UUIDv7. Inside, it is the UUIDv5 of what caused it: the id of the
 * handled message, its subscription, the topic, and the caller's key or else the number of the call.
 * So a handler that runs again triggers the same ids again, and whoever receives them sees duplicates.
 * A key does not take a number, so that keyed calls may come and go between the others.
 */
export const eventId = (
  topic: string,
  cause: Pick<Cause, 'id' | 'subscription' | 'nextOrdinal'> | undefined,
  key?: string,
): string =>
  cause === undefined
    ? uuidv7()
    : uuidv5(
        // JSON keeps the parts apart, and the key "0" apart from the number 0.
        JSON.stringify([
          cause.id,
          cause.subscription,
          topic,
          key ?? cause.nextOrdinal(),
        ]),
        namespace,
      );
