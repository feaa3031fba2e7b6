import {
  type Context,
  createContextKey,
  type Span,
  type SpanContext,
  trace,
  TraceFlags,
} from '@opentelemetry/api';
import {
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-node';

import { RandomIds } from './random-ids.ts';

const ids = new RandomIds();
const KEPT = createContextKey('nightshift: the trace that begins here is kept');

let share = 0;

/**
 * Whether the trace of a message is kept, asked before a span is made: as its publisher decided, else by
 * the ratio. A span that is not sampled costs as much to make as everything else that the host does.
 */
export const keepsTraceOf = (publisher: SpanContext | undefined): boolean =>
  publisher
    ? (publisher.traceFlags & TraceFlags.SAMPLED) !== 0
    : Math.random() < share;

/** The context in which to begin a trace that `keepsTraceOf` chose; for `startSpan` alone. */
export const keptTrace = (context: Context): Context =>
  context.setValue(KEPT, true);

/** The ids of a trace that is not kept, made when somebody logs or publishes them. */
class LateSpanContext implements SpanContext {
  readonly traceFlags = TraceFlags.NONE;
  #traceId: string | undefined;
  #spanId: string | undefined;

  get traceId(): string {
    return (this.#traceId ??= ids.generateTraceId());
  }

  get spanId(): string {
    return (this.#spanId ??= ids.generateSpanId());
  }
}

/** A span that records nothing, at the beginning of a trace that is not kept. */
export const unkeptSpan = (): Span =>
  trace.wrapSpanContext(new LateSpanContext());

/**
 * The sampler of this process, by whose ratio `keepsTraceOf` decides from now on: of the traces that begin
 * here it keeps a share, of the others those that are kept already.
 */
export const samplerOf = (ratio: number): Sampler => {
  share = ratio;
  const byTraceId = new TraceIdRatioBasedSampler(ratio);
  return new ParentBasedSampler({
    root: {
      shouldSample: (context, traceId) =>
        context.getValue(KEPT) === true
          ? { decision: SamplingDecision.RECORD_AND_SAMPLED }
          : byTraceId.shouldSample(context, traceId),
      toString: () => `Kept or ${byTraceId.toString()}`,
    },
  });
};
