import { SpanStatusCode } from '@opentelemetry/api';

import { hostMetrics } from '../../telemetry/metrics.ts';
import {
  type HandledRecord,
  type Handling,
  logFieldsOf,
  type Outcome,
} from '../handling.ts';
import { recordDelivery } from '../delivered.ts';
import { loggedFields } from '../logged-fields.ts';

/** Name, message and stack alone: errors of drivers carry parameters, which are payload. */
const describe = ({ name, message, stack }: Error) => ({
  type: name,
  message,
  stack,
});

const log = (handling: Handling, outcome: Outcome): void => {
  const { logger } = handling.dependencies;
  const { failure, failures } = handling;
  if (!failure) {
    if (logger.isLevelEnabled('debug'))
      logger.debug({ ...logFieldsOf(handling), outcome }, 'message handled');
    return;
  }
  const line = {
    ...logFieldsOf(handling),
    outcome,
    failure: failure.kind,
    failures,
    fields: loggedFields(handling.worker.topic, handling.data),
    err: describe(failure.error),
  };
  if (outcome === 'dead-letter') logger.error(line, 'message is a dead letter');
  else logger.warn(line, 'message was not handled and comes again');
};

/** Last stage: what happened, told to the metrics, the span and the log. */
export const record = (handling: Handling): HandledRecord => {
  const { worker, raw, span, failure, outcome = 'nack' } = handling;
  const durationSeconds = (performance.now() - handling.startedAt) / 1_000;
  hostMetrics(worker.subscription).handled(
    outcome,
    durationSeconds,
    raw.deliveryAttempt,
  );
  if (span) {
    if (span.isRecording()) {
      span.setAttribute('nightshift.outcome', outcome);
      if (failure) {
        const { type, message } = describe(failure.error);
        span.setAttribute('error.type', type);
        span.setStatus({ code: SpanStatusCode.ERROR, message });
      }
    }
    span.end();
  }
  log(handling, outcome);
  recordDelivery(handling, outcome, durationSeconds);
  return {
    subscription: worker.subscription,
    messageId: raw.messageId,
    eventId: handling.eventId,
    outcome,
    error: failure?.error,
    failureKind: failure?.kind,
    failures: handling.failures,
    abandoned: handling.abandoned,
    durationSeconds,
  };
};
