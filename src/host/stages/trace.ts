import {
  type Attributes,
  type Context,
  defaultTextMapGetter,
  ROOT_CONTEXT,
  SpanKind,
  trace as tracing,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';

import type { Handling } from '../handling.ts';
import type { ServedWorker } from '../served-worker.ts';

const propagator = new W3CTraceContextPropagator();
const tracer = tracing.getTracer('nightshift.host');

/** What is the same for every message of a worker. */
const attributesOf = (worker: ServedWorker): Attributes => ({
  'messaging.system': 'gcp_pubsub',
  'messaging.operation.name': 'process',
  'messaging.operation.type': 'process',
  'messaging.destination.name': worker.topic,
  'messaging.destination.subscription.name': worker.subscription,
});

const known = new WeakMap<ServedWorker, Attributes>();

const staticAttributes = (worker: ServedWorker): Attributes => {
  let attributes = known.get(worker);
  if (!attributes) known.set(worker, (attributes = attributesOf(worker)));
  return attributes;
};

/** The publisher's span, as its client wrote it into the message. */
const parentOf = (attributes: Readonly<Record<string, string>>): Context => {
  const traceparent = attributes['googclient_traceparent'];
  if (traceparent === undefined) return ROOT_CONTEXT;
  return propagator.extract(
    ROOT_CONTEXT,
    { traceparent },
    defaultTextMapGetter,
  );
};

/** Opens the consumer span of this handling, below the span that published the message. */
export const trace = (handling: Handling): Handling => {
  const { raw, worker } = handling;
  const parent = parentOf(raw.attributes);
  const span = tracer.startSpan(
    `process ${worker.subscription}`,
    { kind: SpanKind.CONSUMER, attributes: staticAttributes(worker) },
    parent,
  );
  if (span.isRecording())
    span.setAttributes({
      'messaging.message.id': raw.messageId,
      'messaging.message.body.size': raw.data.length,
      'messaging.gcp_pubsub.message.delivery_attempt': raw.deliveryAttempt,
      ...(raw.orderingKey && {
        'messaging.gcp_pubsub.message.ordering_key': raw.orderingKey,
      }),
    });
  return { ...handling, span, context: tracing.setSpan(parent, span) };
};
