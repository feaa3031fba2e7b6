interface Received {
  readonly id?: string;
  readonly type: string;
  readonly payload?: unknown;
}

/** A client of the protocol graphql-transport-ws. */
export interface TestSocket extends AsyncDisposable {
  send(message: object): void;
  /** Sends whatever is no message, too. */
  sendText(text: string): void;
  /** The next message, waited for. @throws if the socket closes instead. */
  next(): Promise<Received>;
}

/**
 * Opens a socket and introduces itself, as GraphQL clients do.
 *
 * @throws if the API does not acknowledge.
 */
export const openSocket = async (
  port: number,
  payload: object | undefined,
  headers: Record<string, string> = {},
): Promise<TestSocket> => {
  // Node's own client takes headers, which the standard's does not know.
  const options = {
    protocols: ['graphql-transport-ws'],
    headers,
  } as unknown as string[];
  const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, options);
  const received: Received[] = [];
  const readers: PromiseWithResolvers<Received>[] = [];
  let closed: Error | undefined;

  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data)) as Received;
    if (message.type === 'ping') return;
    const reader = readers.shift();
    if (reader) reader.resolve(message);
    else received.push(message);
  });
  socket.addEventListener('close', ({ code, reason }) => {
    closed = new Error(`the socket closed with ${code} ${reason}`.trim());
    for (const reader of readers.splice(0)) reader.reject(closed);
  });

  const next = (): Promise<Received> => {
    const message = received.shift();
    if (message) return Promise.resolve(message);
    if (closed) return Promise.reject(closed);
    const reader = Promise.withResolvers<Received>();
    readers.push(reader);
    return reader.promise;
  };
  const send = (message: object) => socket.send(JSON.stringify(message));

  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true });
    socket.addEventListener('error', () => reject(new Error('no handshake')), {
      once: true,
    });
  });
  send({ type: 'connection_init', payload });
  const { type } = await next();
  if (type !== 'connection_ack')
    throw new Error(`expected connection_ack, got: ${type}`);

  return {
    send,
    sendText: (text) => socket.send(text),
    next,
    [Symbol.asyncDispose]: async () => {
      if (closed) return;
      const gone = new Promise((resolve) =>
        socket.addEventListener('close', resolve, { once: true }),
      );
      socket.close();
      await gone;
    },
  };
};
