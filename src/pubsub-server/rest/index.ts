import type {
  IncomingMessage,
  RequestListener,
  ServerResponse,
} from 'node:http';

import { status } from '@grpc/grpc-js';

import { invalidArgument, PubSubError } from '../errors.ts';
import { reflection } from '../reflection.ts';
import { refusalOf } from '../services/grpc.ts';
import type { CallContext, Method } from '../services/method.ts';
import { readJson } from './body.ts';
import { restError } from './errors.ts';
import { writeMessage } from './json-writer.ts';
import { readRestRequest } from './request.ts';
import { restRoutes, type Route } from './routes.ts';

/** Aborts when the client leaves before it has its answer. */
const contextOf = (response: ServerResponse): CallContext => {
  const controller = new AbortController();
  response.once('close', () => {
    controller.abort();
  });
  return controller;
};

interface Matched {
  readonly route: Route;
  /** Percent-encoded. */
  readonly variable: string;
}

const matchRoute = (
  routes: readonly Route[],
  httpMethod: string | undefined,
  path: string,
): Matched => {
  for (const route of routes) {
    const variable =
      route.httpMethod === httpMethod && route.pattern.exec(path)?.[1];
    if (variable) return { route, variable };
  }
  throw new PubSubError(
    status.NOT_FOUND,
    `Method not found: the Pub/Sub API has no ${httpMethod} ${path}.`,
  );
};

/** `json` or `json;enum-encoding=int`, in either spelling of the parameter. */
const numericEnums = (query: URLSearchParams): boolean => {
  const alt = query.get('$alt') ?? query.get('alt') ?? 'json';
  const [format, encoding] = alt.split(';');
  if (format !== 'json')
    throw invalidArgument(`Invalid alt given: expected json, got: ${alt}.`);
  return encoding === 'enum-encoding=int';
};

/**
 * Refuses what a page in a browser asks for: nobody has to prove who they are here, and any page that a developer
 * looks at can reach 127.0.0.1, send what it likes and so have workers run. An address that was typed is none's.
 */
const refusePages = ({ headers }: IncomingMessage): void => {
  const site = headers['sec-fetch-site'];
  if (headers.origin === undefined && (site === undefined || site === 'none'))
    return;
  throw new PubSubError(
    status.PERMISSION_DENIED,
    'Pages in browsers may not call this server; call it from a program.',
  );
};

const call = async (
  routes: readonly Route[],
  request: IncomingMessage,
  query: URLSearchParams,
  path: string,
  context: CallContext,
): Promise<unknown> => {
  refusePages(request);
  const { route, variable } = matchRoute(routes, request.method, path);
  const options = { numericEnums: numericEnums(query) };
  const bytes = readRestRequest(
    route,
    variable,
    query,
    await readJson(request),
  );
  const answer = await route.method.answer(bytes, context);
  return writeMessage(
    route.responseType,
    route.responseType.decode(answer),
    options,
  );
};

const send = (
  request: IncomingMessage,
  response: ServerResponse,
  httpStatus: number,
  body: unknown,
  pretty: boolean,
): void => {
  // What was not read of a body that is refused would be taken for the next request.
  if (!request.complete) response.setHeader('connection', 'close');
  response
    .writeHead(httpStatus, {
      'content-type': 'application/json; charset=UTF-8',
    })
    .end(`${JSON.stringify(body, null, pretty ? 2 : 0)}\n`);
};

/**
 * The methods as JSON over HTTP, by the HTTP annotations of their services:
 * https://cloud.google.com/pubsub/docs/reference/rest
 *
 * Nothing is loaded before the first request. Credentials are neither asked for nor looked at.
 */
export const restListener = (methods: readonly Method[]): RequestListener => {
  let loading: Promise<readonly Route[]> | undefined;
  const routes = async (): Promise<readonly Route[]> =>
    restRoutes(await reflection(), methods);
  return (request, response) => {
    const [path = '', search] = (request.url ?? '').split('?', 2);
    const query = new URLSearchParams(search);
    const pretty = query.get('prettyPrint') !== 'false';
    const context = contextOf(response);
    (loading ??= routes())
      .then((loaded) => call(loaded, request, query, path, context))
      .then(
        (body) => {
          send(request, response, 200, body, pretty);
        },
        (error: unknown) => {
          const { httpStatus, body } = restError(refusalOf(error));
          send(request, response, httpStatus, body, pretty);
        },
      );
  };
};
