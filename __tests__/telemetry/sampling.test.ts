import { isSpanContextValid, trace, TraceFlags } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';

import { emptyContext } from '../../src/host/linked-context.ts';
import {
  keepsTraceOf,
  keptTrace,
  samplerOf,
  unkeptSpan,
} from '../../src/telemetry/sampling.ts';
import { startTracing } from '../../src/telemetry/tracing.ts';

const publisher = (traceFlags: TraceFlags) => ({
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags,
});

test('what a publisher decided about its trace stands, whatever the ratio', () => {
  samplerOf(0);
  expect(keepsTraceOf(publisher(TraceFlags.SAMPLED))).toBe(true);
  samplerOf(1);
  expect(keepsTraceOf(publisher(TraceFlags.NONE))).toBe(false);
});

test('of the traces that begin here the share is kept that was asked for', () => {
  const kept = (ratio: number): number => {
    samplerOf(ratio);
    return Array.from({ length: 10_000 }, () => keepsTraceOf(undefined)).filter(
      Boolean,
    ).length;
  };
  expect(kept(0)).toBe(0);
  expect(kept(1)).toBe(10_000);
  // Eleven standard deviations: once in more runs than there will ever be.
  expect(Math.abs(kept(0.3) - 3_000)).toBeLessThan(500);
});

test('a trace that was chosen is recorded although its id alone would not be, and others as the ratio says', async () => {
  const exporter = new InMemorySpanExporter();
  const tracing = startTracing({
    serviceName: 'sampling-tests',
    sampleRatio: 0,
    processors: [new SimpleSpanProcessor(exporter)],
  });
  const tracer = trace.getTracer('test');
  tracer.startSpan('chosen', {}, keptTrace(emptyContext)).end();
  tracer.startSpan('not chosen', {}, emptyContext).end();
  expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual([
    'chosen',
  ]);
  await tracing.shutdown();
});

test('a span of no kept trace has valid ids of its own, the same each time they are read', () => {
  const context = unkeptSpan().spanContext();
  const { traceId, spanId, traceFlags } = context;
  expect(isSpanContextValid(context)).toBe(true);
  expect([context.traceId, context.spanId]).toEqual([traceId, spanId]);
  expect(traceFlags).toBe(TraceFlags.NONE);
  expect(unkeptSpan().spanContext().traceId).not.toBe(traceId);
});
