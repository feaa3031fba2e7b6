import {
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type DocumentNode, getOperationAST } from 'graphql';

const spans = new WeakMap<FastifyRequest, Span>();

const isHealth = (url: string) =>
  url.startsWith('/health/') || url === '/metrics';

/**
 * Opens a server span for every request, as a child of the caller's `traceparent` if there is one.
 * Health probes and WebSockets have none: the former say nothing, the latter last too long.
 */
export const addRequestSpans = (app: FastifyInstance): void => {
  app.addHook('onRequest', (request, _reply, done) => {
    if (!isHealth(request.url) && request.headers.upgrade === undefined) {
      const parent = propagation.extract(context.active(), request.headers);
      spans.set(
        request,
        trace.getTracer('nightshift.api').startSpan(
          `${request.method} ${request.routeOptions.url ?? 'unknown'}`,
          {
            kind: SpanKind.SERVER,
            attributes: {
              'http.request.method': request.method,
              'http.route': request.routeOptions.url ?? '',
            },
          },
          parent,
        ),
      );
    }
    done();
  });

  // Reading the body loses what an earlier hook put around the rest of the request.
  app.addHook('preValidation', (request, _reply, done) => {
    const span = spans.get(request);
    if (span) context.with(trace.setSpan(context.active(), span), done);
    else done();
  });

  app.addHook('onResponse', (request, reply, done) => {
    const span = spans.get(request);
    span?.setAttribute('http.response.status_code', reply.statusCode);
    if (reply.statusCode >= 500)
      span?.setStatus({ code: SpanStatusCode.ERROR });
    span?.end();
    done();
  });
};

/** Names the span of a request after what GraphQL was asked, `mutation Upvote` for example. */
export const nameRequestSpan = (document: DocumentNode): void => {
  const operation = getOperationAST(document);
  if (!operation) return;
  const name = operation.name?.value;
  const { operation: type } = operation;
  const span = trace.getActiveSpan();
  span?.updateName(name === undefined ? type : `${type} ${name}`);
  span?.setAttribute('graphql.operation.type', type);
  if (name !== undefined) span?.setAttribute('graphql.operation.name', name);
};
