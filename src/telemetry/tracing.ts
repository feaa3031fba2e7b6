import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { ATTR_SERVICE_NAME } from '@opentelemetry/semantic-conventions';

import { config } from '../config.ts';
import { OriginContextManager } from '../events/context.ts';
import { RandomIds } from './random-ids.ts';
import { samplerOf } from './sampling.ts';

export interface TracingOptions {
  readonly serviceName: string;
  /** Share of traces kept, 0 to 1; a trace begun elsewhere keeps its decision. @default TRACE_SAMPLE_RATIO */
  readonly sampleRatio?: number;
  /** Where spans go. @default an OTLP exporter if OTEL_EXPORTER_OTLP_ENDPOINT is set, else nowhere */
  readonly processors?: readonly SpanProcessor[];
}

export interface Tracing {
  /** Sends what is buffered and stops. Never rejects: a collector that is down stops no process. */
  shutdown(): Promise<void>;
}

/**
 * Starts tracing in this process: a context that follows asynchronous calls, W3C propagation and
 * sampling by ratio. Call once, before anything opens spans.
 */
export const startTracing = ({
  serviceName,
  sampleRatio = config().TRACE_SAMPLE_RATIO,
  processors,
}: TracingOptions): Tracing => {
  const exporting = config().OTEL_EXPORTER_OTLP_ENDPOINT !== undefined;
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ [ATTR_SERVICE_NAME]: serviceName }),
    idGenerator: new RandomIds(),
    sampler: samplerOf(sampleRatio),
    // The exporter reads its address and headers from the standard variables.
    spanProcessors: [
      ...(processors ??
        (exporting ? [new BatchSpanProcessor(new OTLPTraceExporter())] : [])),
    ],
  });
  provider.register({ contextManager: new OriginContextManager() });
  return {
    shutdown: async () => {
      await provider.shutdown().catch(() => undefined);
    },
  };
};
