import { propagation, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';

import { Outbox } from '../../src/entity/index.ts';
import { createTestDatabase } from '../setup/database.ts';
import { request, savePost, startApi } from './api.ts';

const exporter = new InMemorySpanExporter();

beforeAll(() => {
  new NodeTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  }).register({ propagator: new W3CTraceContextPropagator() });
});

afterAll(() => {
  trace.disable();
  propagation.disable();
});

test("an event carries on the trace of its request, and the request its caller's", async () => {
  const database = await createTestDatabase();
  const app = await startApi(database);
  try {
    const { post, reader } = await savePost(database.dataSource);
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    await request(
      app,
      `mutation Upvote { votePost(id: "${post.id}", vote: UP) { id } }`,
      {
        viewer: reader.id,
        headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
      },
    );
    const [event] = await database.dataSource.getRepository(Outbox).find();
    const span = exporter
      .getFinishedSpans()
      .find(({ name }) => name === 'mutation Upvote');
    expect(span).toMatchObject({
      parentSpanContext: { traceId, spanId: 'b7ad6b7169203331' },
      attributes: {
        'http.route': '/graphql',
        'http.response.status_code': 200,
      },
    });
    const [, inTrace] =
      /^00-(\w{32})-\w{16}-01$/.exec(event?.traceparent ?? '') ?? [];
    expect(inTrace).toBe(traceId);
  } finally {
    await app.close();
    await database.drop();
  }
});

test('health probes make no spans', async () => {
  const database = await createTestDatabase();
  const app = await startApi(database);
  try {
    exporter.reset();
    await app.inject('/health/live');
    expect(exporter.getFinishedSpans()).toEqual([]);
  } finally {
    await app.close();
    await database.drop();
  }
});
