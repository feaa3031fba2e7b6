import {
  type Attributes,
  type Context,
  defaultTextMapGetter,
  SpanKind,
  trace as tracing,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';

import {
  keepsTraceOf,
  keptTrace,
  unkeptSpan,
} from '../../telemetry/sampling.ts';
import type { Handling } from '../handling.ts';
import { emptyContext } from '../linked-context.ts';

const propagator = new W3CTraceContextPropagator();
const tracer = tracing.getTracer('nightshift.host');

const attributesOf = ({ raw, worker }: Handling): Attributes => ({
  'messaging.system': 'gcp_pubsub',
  'messaging.operation.name': 'process',
  'messaging.operation.type': 'process',
  'messaging.destination.name': worker.topic,
  'messaging.destination.subscription.name': worker.subscription,
  'messaging.message.id': raw.messageId,
  'messaging.message.body.size': raw.data.length,
  'messaging.gcp_pubsub.message.delivery_attempt': raw.deliveryAttempt,
  ...(raw.orderingKey && {
    'messaging.gcp_pubsub.message.ordering_key': raw.orderingKey,
  }),
});

/** The publisher's span, as its client wrote it into the message. */
const parentOf = (attributes: Readonly<Record<string, string>>): Context => {
  const traceparent = attributes['googclient_traceparent'];
  if (traceparent === undefined) return emptyContext;
  return propagator.extract(
    emptyContext,
    { traceparent },
    defaultTextMapGetter,
  );
};

/** A message that nobody keeps a trace of, as most are: it goes by its publisher's ids, if it has them. */
const untraced = (handling: Handling, parent: Context): Handling => {
  const publisher = tracing.getSpan(parent);
  handling.span = publisher ?? unkeptSpan();
  handling.context = publisher
    ? parent
    : tracing.setSpan(parent, handling.span);
  return handling;
};

/** Opens the consumer span of this handling, below the span that published the message. */
export const trace = (handling: Handling): Handling => {
  const { raw, worker } = handling;
  const parent = parentOf(raw.attributes);
  const publisher = tracing.getSpanContext(parent);
  if (!keepsTraceOf(publisher)) return untraced(handling, parent);
  const span = tracer.startSpan(
    `process ${worker.subscription}`,
    { kind: SpanKind.CONSUMER, attributes: attributesOf(handling) },
    publisher ? parent : keptTrace(parent),
  );
  handling.span = span;
  handling.context = tracing.setSpan(parent, span);
  return handling;
};
