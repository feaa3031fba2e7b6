import type { EventEmitter } from 'node:events';

import type { FastifyInstance } from 'fastify';

import type { Logger } from '../../logger.ts';
import { type ApiErrorCode, apiErrors } from '../errors.ts';
import { longestSubscription } from '../socket-limits.ts';

/** What the guard needs of a WebSocket on the server's side. */
export interface GuardedSocket extends EventEmitter {
  readonly bufferedAmount: number;
  send(data: string, done?: (error?: Error) => void): void;
  close(code: number, reason: string): void;
  terminate(): void;
}

/** Milliseconds within which a client has to introduce itself. */
const introductionTime = 10_000;
/** Characters of that. */
const longestIntroduction = 16_384;
/** Subscriptions of one socket at once. */
const mostSubscriptions = 100;
/** Characters of an id; clients use UUIDs or numbers. */
const longestId = 128;
/** Bytes that may wait for a client that does not read. */
const mostBuffered = 4 << 20;
/** Milliseconds until an end that the server did not confirm is told again; a subscription may just be beginning. */
const endAgain = 1_000;

/** Codes with which graphql-transport-ws closes a socket. */
const closing = {
  invalidMessage: 4400,
  initTimeout: 4408,
  subscriberExists: 4409,
  tooManyInits: 4429,
} as const;

/** What the server says of a subscription. */
const delivering: ReadonlySet<string> = new Set(['next', 'data']);
const ofSubscriptions: ReadonlySet<string> = new Set([
  ...delivering,
  'complete',
  'error',
]);

interface Message {
  readonly type: string;
  readonly id?: unknown;
  readonly payload?: unknown;
}

interface Subscription {
  /** The client has ended it, and the server has not confirmed. */
  ending?: NodeJS.Timeout;
  /** What the client began under the same id since. */
  next?: unknown;
}

interface WireError {
  readonly message: string;
  readonly locations?: unknown;
  readonly path?: unknown;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const messageOf = (data: unknown): Message | undefined => {
  try {
    const message: unknown = JSON.parse(String(data));
    return isObject(message) && typeof message['type'] === 'string'
      ? (message as unknown as Message)
      : undefined;
  } catch {
    return undefined;
  }
};

const isIntroduction = ({ payload }: Message): boolean =>
  payload === undefined || payload === null || isObject(payload);

/** The text of the subscription that a message asks for, if it is well formed. */
const queryOf = ({ id, payload }: Message): string | undefined => {
  if (typeof id !== 'string' || id === '' || id.length > longestId) return;
  if (!isObject(payload) || typeof payload['query'] !== 'string') return;
  return payload['query'];
};

/** What the server itself says of what clients ask for, without a code. */
const foreignMessages: readonly (readonly [string, ApiErrorCode])[] = [
  ['Invalid operation: ', 'INVALID_QUERY'],
  // Of its depth, which is the only thing that it looks at.
  ['Graphql validation error', 'QUERY_TOO_LARGE'],
];

/** Only what is meant for the client, as in an answer by HTTP. */
const shownError = (error: WireError, logger: Logger): WireError => {
  const code = error.extensions?.['code'];
  if (
    typeof code === 'string' &&
    code !== 'INTERNAL' &&
    Object.hasOwn(apiErrors, code)
  )
    return error;
  const { message, locations, path } = error;
  // Of GraphQL itself, about the text: what a resolver throws has a path.
  if (locations !== undefined && path === undefined)
    return {
      message,
      locations,
      extensions: { code: 'INVALID_QUERY' satisfies ApiErrorCode },
    };
  for (const [text, foreign] of foreignMessages)
    if (message.startsWith(text))
      return { message, extensions: { code: foreign } };
  logger.error({ reason: message }, 'a subscription failed');
  return {
    message: 'something went wrong on our side; the log has it',
    extensions: { code: 'INTERNAL' satisfies ApiErrorCode },
  };
};

/**
 * Stands between a WebSocket and the server of GraphQL, which keeps to the protocol graphql-transport-ws where
 * clients do. It refuses what would leave something behind or let one client take everything: two subscriptions under
 * one id, two introductions, none at all, too many subscriptions, messages that are none, a client that does not
 * read. Errors of a subscription that does not begin are shown as those of requests are.
 */
export const guardSocket = (socket: GuardedSocket, logger: Logger): void => {
  const subscriptions = new Map<string, Subscription>();
  let introduced = false;
  let closed = false;
  const emit = socket.emit.bind(socket);
  const send = socket.send.bind(socket);

  const refuse = (code: number, reason: string): false => {
    closed = true;
    socket.close(code, reason);
    return false;
  };
  const timer = setTimeout(
    () => refuse(closing.initTimeout, 'Connection initialisation timeout'),
    introductionTime,
  ).unref();
  socket.on('close', () => {
    closed = true;
    clearTimeout(timer);
    for (const { ending } of subscriptions.values()) clearTimeout(ending);
    subscriptions.clear();
  });

  const deliver = (text: string, done?: (error?: Error) => void): void => {
    if (socket.bufferedAmount > mostBuffered) {
      socket.terminate();
      done?.(new Error('the client does not read'));
      return;
    }
    send(text, done);
  };

  const answer = (id: string, code: ApiErrorCode, message: string): false => {
    deliver(
      JSON.stringify({
        type: 'error',
        id,
        payload: [{ message, extensions: { code } }],
      }),
    );
    return false;
  };

  const begins = (message: Message, data: unknown): boolean => {
    const query = queryOf(message);
    if (query === undefined)
      return refuse(
        closing.invalidMessage,
        'expected a subscription with an id and a query as text',
      );
    const id = String(message.id);
    const known = subscriptions.get(id);
    if (known) {
      if (!known.ending || known.next !== undefined)
        return refuse(
          closing.subscriberExists,
          `Subscriber for ${id} already exists`,
        );
      known.next = data;
      return false;
    }
    // Before it is parsed, which takes as long as the text.
    if (query.length > longestSubscription)
      return answer(
        id,
        'QUERY_TOO_LARGE',
        `expected a subscription of at most ${longestSubscription} characters, got: ${query.length}`,
      );
    if (subscriptions.size >= mostSubscriptions)
      return answer(
        id,
        'UNAVAILABLE',
        `expected at most ${mostSubscriptions} subscriptions of one socket, got one more; end some first`,
      );
    subscriptions.set(id, {});
    return true;
  };

  const ends = ({ id }: Message, data: unknown): boolean => {
    const known = typeof id === 'string' ? subscriptions.get(id) : undefined;
    if (!known) return false;
    if (known.ending) {
      delete known.next;
      return false;
    }
    known.ending = setInterval(
      () => emit('message', data, false),
      endAgain,
    ).unref();
    return true;
  };

  /** Whether the server is to see a message of the client. */
  const accepts = (data: unknown): boolean => {
    if (closed) return false;
    const message = messageOf(data);
    switch (message?.type) {
      case 'connection_init':
        if (introduced)
          return refuse(
            closing.tooManyInits,
            'Too many initialisation requests',
          );
        // The server makes headers of the request of whatever it is given here.
        if (
          !isIntroduction(message) ||
          String(data).length > longestIntroduction
        )
          return refuse(
            closing.invalidMessage,
            'expected an introduction with headers or nothing as its payload',
          );
        clearTimeout(timer);
        return (introduced = true);
      case 'subscribe':
      case 'start':
        return begins(message, data);
      case 'complete':
      case 'stop':
        return ends(message, data);
      case 'ping':
      case 'pong':
      case 'connection_terminate':
        return true;
      default:
        return refuse(closing.invalidMessage, 'expected a message');
    }
  };

  const anyEnding = (): boolean => {
    for (const { ending } of subscriptions.values()) if (ending) return true;
    return false;
  };

  /** What the client is to see of a message of the server; `undefined` is nothing. */
  const shown = (text: string): string | undefined => {
    const [, type] = /^\{"type":"(\w+)"/.exec(text.slice(0, 40)) ?? [];
    if (type === undefined || !ofSubscriptions.has(type)) return text;
    // What is delivered is as it should be, but for a subscription that the client has ended.
    if (delivering.has(type) && !anyEnding()) return text;
    const message = JSON.parse(text) as Message;
    const id = String(message.id);
    const known = subscriptions.get(id);
    if (type === 'complete' || type === 'error') {
      clearInterval(known?.ending);
      subscriptions.delete(id);
      if (known?.next !== undefined) {
        const { next } = known;
        // Once the server has let go of what it ended.
        setImmediate(() => socket.emit('message', next, false));
      }
    }
    if (known?.ending) return undefined;
    if (type !== 'error' || !Array.isArray(message.payload)) return text;
    return JSON.stringify({
      ...message,
      payload: (message.payload as WireError[]).map((error) =>
        shownError(error, logger),
      ),
    });
  };

  socket.emit = (event: string, ...values: unknown[]): boolean =>
    event === 'message' && !accepts(values[0]) ? true : emit(event, ...values);
  socket.send = (text, done) => {
    const visible = shown(text);
    if (visible === undefined) {
      done?.();
      return;
    }
    deliver(visible, done);
  };
};

type SocketHandler = (socket: GuardedSocket, ...rest: unknown[]) => unknown;

/** Guards every WebSocket of the routes that are added from now on; see `guardSocket`. */
export const addSocketGuard = (app: FastifyInstance, logger: Logger): void => {
  app.addHook('onRoute', (route) => {
    const guarded = route as { wsHandler?: SocketHandler };
    const { wsHandler } = guarded;
    if (!wsHandler) return;
    guarded.wsHandler = (socket, ...rest) => {
      guardSocket(socket, logger);
      return wsHandler(socket, ...rest);
    };
  });
};
