import { trace } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { pino } from 'pino';

import { currentCause } from '../../src/events/context.ts';
import { handleMessage } from '../../src/host/handle.ts';
import { registry } from '../../src/telemetry/metrics.ts';
import { startTracing, type Tracing } from '../../src/telemetry/tracing.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { servedWorker, Stage } from './set-up.ts';

const exporter = new InMemorySpanExporter();
const traceId = '0af7651916cd43dd8448eb211c80319c';
let tracing: Tracing;
let database: TestDatabase;
let stage: Stage;

beforeAll(async () => {
  tracing = startTracing({
    serviceName: 'host-tests',
    sampleRatio: 0,
    processors: [new SimpleSpanProcessor(exporter)],
  });
  database = await createTestDatabase();
  stage = await Stage.open();
});
afterAll(async () => {
  await stage.close();
  await database.drop();
  await tracing.shutdown();
});

test("a handler runs inside a span of its publisher's trace, knowing its cause", async () => {
  let inside: unknown;
  const worker = servedWorker({
    subscription: 'traced',
    run: async () => {
      await Promise.resolve();
      inside = {
        spanId: trace.getActiveSpan()?.spanContext().spanId,
        cause: currentCause()?.id,
      };
    },
  });
  await stage.subscription(worker);
  const { host, records } = stage.host(database.dataSource, [worker]);
  await host.start();
  const id = await stage.publish(
    worker.topic,
    { secret: 'payload' },
    {
      attributes: {
        googclient_traceparent: `00-${traceId}-b7ad6b7169203331-01`,
      },
    },
  );
  // The publisher of this one kept no trace, so neither does the host.
  await stage.publish(worker.topic, {});
  await records.count(2);
  const spans = exporter.getFinishedSpans();
  expect(spans).toHaveLength(1);
  const [span] = spans;
  expect(span).toMatchObject({
    name: 'process traced',
    parentSpanContext: { traceId, spanId: 'b7ad6b7169203331' },
    attributes: {
      'messaging.system': 'gcp_pubsub',
      'messaging.operation.type': 'process',
      'messaging.destination.subscription.name': 'traced',
      'nightshift.outcome': 'ack',
    },
  });
  expect(JSON.stringify(span?.attributes)).not.toContain('secret');
  expect(span?.spanContext().traceId).toBe(traceId);
  const first = records.entries.find(({ eventId }) => eventId === id);
  expect(first).toMatchObject({ outcome: 'ack' });
  expect(inside).toMatchObject({ spanId: expect.any(String) });
  expect(await registry.metrics()).toContain(
    'nightshift_host_messages_total{subscription="traced",outcome="ack"} 2',
  );
});

test('a handler whose trace is not kept knows its ids all the same: of its publisher, else its own', async () => {
  const seen: (string | undefined)[] = [];
  const worker = servedWorker({
    subscription: 'untraced',
    run: async () => {
      await Promise.resolve();
      seen.push(trace.getActiveSpan()?.spanContext().traceId);
    },
  });
  const { dataSource } = database;
  const handle = (attributes: Record<string, string>) =>
    handleMessage(
      { dataSource, logger: pino({ level: 'silent' }), pubsub: stage.client },
      worker,
      {
        messageId: '1',
        data: Buffer.from('{}'),
        attributes,
        publishTime: new Date(),
        deliveryAttempt: 1,
        orderingKey: '',
        signal: new AbortController().signal,
      },
    );
  const before = exporter.getFinishedSpans().length;
  await handle({
    googclient_traceparent: `00-${traceId}-b7ad6b7169203331-00`,
  });
  await handle({});
  expect(seen).toEqual([traceId, expect.stringMatching(/^[0-9a-f]{32}$/)]);
  expect(seen[1]).not.toBe(traceId);
  expect(exporter.getFinishedSpans()).toHaveLength(before);
});
