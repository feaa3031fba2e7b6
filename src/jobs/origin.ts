import { trace } from '@opentelemetry/api';

import { currentCause } from '../events/context.ts';
import { eventId } from '../events/identity.ts';
import { traceparentOf } from '../events/trace-context.ts';
import type { ResolvedContext } from './resolve.ts';

/**
 * Where a job that is created now comes from: the handler that runs, and the span that is active. A handler that
 * runs again makes jobs of the same ids again.
 */
export const originOf = (
  name: string,
  idempotencyKey: unknown,
): ResolvedContext => {
  const cause = currentCause();
  const span = trace.getActiveSpan();
  return {
    id: eventId(
      `job ${name}`,
      cause,
      typeof idempotencyKey === 'string' ? idempotencyKey : undefined,
    ),
    cause: cause?.id,
    traceparent: span && traceparentOf(span),
  };
};
