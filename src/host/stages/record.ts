import { SpanStatusCode } from '@opentelemetry/api';

import { errorOf } from '../../dead-letters/thrown.ts';
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

/** Between two lines of the log about what could not be told, in milliseconds. */
const sayInterval = 1_000;
let saidAt = -Infinity;

/** Whoever is told of a message has no say in what becomes of it. */
const logUntold = (handling: Handling, error: unknown): void => {
  const now = performance.now();
  if (now - saidAt < sayInterval) return;
  saidAt = now;
  handling.dependencies.logger.error(
    { ...logFieldsOf(handling), err: describe(errorOf(error)) },
    'what became of a message could not be recorded; it is settled all the same',
  );
};

const tell = (handling: Handling, outcome: Outcome, seconds: number): void => {
  const { worker, raw, span, failure } = handling;
  hostMetrics(worker.subscription).handled(
    outcome,
    seconds,
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
  recordDelivery(handling, outcome, seconds);
};

/** Last stage: what happened, told to the metrics, the span, the log and the recorder. */
export const record = (handling: Handling): HandledRecord => {
  const { worker, raw, failure, outcome = 'nack' } = handling;
  const durationSeconds = (performance.now() - handling.startedAt) / 1_000;
  try {
    tell(handling, outcome, durationSeconds);
  } catch (error) {
    logUntold(handling, error);
  }
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
