import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

import { createDataSource } from '../src/data-source.ts';

const message = (type: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};

/** What Postgres says when it is stopped the moment a connection stands: welcome and goodbye in one packet. */
const welcomeAndGoodbye = Buffer.concat([
  message('R', Buffer.alloc(4)),
  message('Z', Buffer.from('I')),
  message(
    'E',
    Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0'),
  ),
]);

test('a connection that Postgres ends the moment it stands is an error of its statement, not of the process', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(welcomeAndGoodbye));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const con = createDataSource({
    url: `postgres://postgres@127.0.0.1:${port}/any`,
  });
  await expect(con.initialize()).rejects.toThrow();
  server.close();
  await once(server, 'close');
});
