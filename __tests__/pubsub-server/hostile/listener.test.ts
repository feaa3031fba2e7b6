import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import { type Listener, listen } from '../../../src/pubsub-server/listener.ts';
import { eventually } from '../set-up.ts';

let listener: Listener | undefined;

afterEach(() => listener?.close(0));

const connected = async ({ port }: Listener): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket.setNoDelay();
};

const start = (grpc: (socket: Socket) => void, silence?: number) =>
  listen(
    '127.0.0.1',
    0,
    grpc,
    (request, response) => response.end(`${request.method} over HTTP/1`),
    silence,
  );

const noGrpc = (): never => {
  throw new Error('expected HTTP/1 alone');
};

it.each(['POST', 'PUT', 'PATCH', 'GET', 'PROPFIND'])(
  'tells %s, byte by byte, from the preface of HTTP/2',
  async (method) => {
    listener = await start(noGrpc);
    const socket = await connected(listener);
    for (const letter of `${method} / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`) {
      socket.write(letter);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    expect(answer).toContain(`${method} over HTTP/1`);
  },
);

it('hands over every byte of a connection that begins as HTTP/2 does', async () => {
  const received: Buffer[] = [];
  listener = await start((socket) => {
    socket.on('data', (chunk: Buffer) => received.push(chunk)).resume();
  });
  const socket = await connected(listener);
  const text = 'PRI and whatever follows';
  for (const letter of text) {
    socket.write(letter);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  await eventually(() => Buffer.concat(received).toString() === text);
  socket.destroy();
});

it.each(['', 'PR'])(
  'cuts a connection that says %j and nothing more',
  async (words) => {
    listener = await start(noGrpc, 20);
    const socket = await connected(listener);
    socket.write(words);
    socket.resume();
    await once(socket, 'close');
    await eventually(() => listener?.connections === 0);
  },
);
