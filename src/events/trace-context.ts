import { isSpanContextValid, type Span } from '@opentelemetry/api';

/** The span as a W3C `traceparent` (version 00); `undefined` if nothing is traced. */
export const traceparentOf = (span: Span): string | undefined => {
  const context = span.spanContext();
  if (!isSpanContextValid(context)) return undefined;
  const flags = context.traceFlags.toString(16).padStart(2, '0');
  return `00-${context.traceId}-${context.spanId}-${flags}`;
};
