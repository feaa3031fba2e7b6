import type { RequestListener } from 'node:http';

import { overviewHtml, overviewText } from './page/overview.ts';
import type { ServerOverview } from './page/server-overview.ts';

export interface HttpSources {
  /** What `GET /` shows; taken anew for each request. */
  readonly overview: () => ServerOverview;
  /** What `GET /stats` gives as JSON. */
  readonly statistics: () => object;
  /** Everything under `/v1/`. */
  readonly rest: RequestListener;
}

/** Browsers name HTML; curl and scripts take anything, and get text. */
const wantsHtml = (accept: string | undefined): boolean =>
  accept?.includes('text/html') ?? false;

/** What the port answers to plain HTTP beside gRPC. */
export const httpListener =
  ({ overview, statistics, rest }: HttpSources): RequestListener =>
  (request, response) => {
    const path = request.url?.split('?', 1)[0] ?? '';
    if (path.startsWith('/v1/')) {
      rest(request, response);
      return;
    }
    const resource = request.method === 'GET' ? path : undefined;
    if (resource === '/healthz') response.end('ok');
    else if (resource === '/stats')
      response
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify(statistics()));
    else if (resource === '/' && wantsHtml(request.headers.accept))
      response
        .writeHead(200, {
          'content-type': 'text/html; charset=UTF-8',
          'content-security-policy':
            "default-src 'none'; style-src 'unsafe-inline'",
        })
        .end(overviewHtml(overview()));
    else if (resource === '/')
      response
        .writeHead(200, { 'content-type': 'text/plain; charset=UTF-8' })
        .end(overviewText(overview()));
    else
      response
        .writeHead(404, { 'content-type': 'text/plain' })
        .end(
          'expected GET /, GET /healthz, GET /stats, the REST API under /v1/ or gRPC\n',
        );
  };
