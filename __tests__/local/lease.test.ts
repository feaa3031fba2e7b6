import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

import { Lease } from '../../src/local/lease.ts';
import { within } from '../../src/drain.ts';
import { LeaseDesk } from '../../src/local/lease-desk.ts';
import { send, visitor } from '../../src/local/lease-protocol.ts';
import type { StackState } from '../../src/local/stack-state.ts';

const token = 'a token';
const idleMilliseconds = 50;

const stateAt = (leasePort: number): StackState => ({
  pid: process.pid,
  leasePort,
  token,
  databaseUrl: 'postgres://postgres@127.0.0.1:1/nightshift',
  pubsubAddress: '127.0.0.1:1',
  remarks: [],
  stopped: false,
});

const openDesk = async (
  stream: () => Promise<void> = () => Promise.resolve(),
  idle = idleMilliseconds,
) => {
  const handedOver: string[] = [];
  const desk = new LeaseDesk({
    token,
    idleMilliseconds: idle,
    stream,
    handOver: () => Promise.resolve(void handedOver.push('handed over')),
    takeBack: () => void handedOver.push('taken back'),
  });
  return { desk, handedOver, state: stateAt(await desk.open()) };
};

test('the stack is idle when the last lessee says goodbye, and not before', async () => {
  const { desk, state } = await openDesk(undefined, 60_000);
  const idle = once(desk, 'idle');
  let idleSeen = false;
  void idle.then(() => (idleSeen = true));
  const first = await Lease.take(state, 'background');
  // Bare, because a lease waits for the end of the stack's process.
  const last = connect(state.leasePort, '127.0.0.1');
  send(last, { type: 'hello', token, role: 'api' });
  while (first?.lessees.length !== 2) await once(first!, 'message');
  await first.release();
  expect(idleSeen).toBe(false);
  send(last, { type: 'goodbye' });
  await idle;
  last.destroy();
  desk.close();
});

test('who leaves last is not hung up on before the process of the stack ends', async () => {
  const { desk, state } = await openDesk(undefined, 60_000);
  const idle = once(desk, 'idle');
  const last = connect(state.leasePort, '127.0.0.1');
  let heard = '';
  last.on('error', () => undefined);
  last.on('data', (data: Buffer) => {
    heard += String(data);
  });
  send(last, { type: 'hello', token, role: 'api' });
  send(last, { type: 'goodbye' });
  await idle;
  desk.close();
  // Answered only where the connection is left, and closed then in either case.
  send(last, { type: 'hello', token: 'another', role: 'api' });
  await once(last, 'close');
  expect(heard).toContain('wrong token');
});

test('a visitor who leaves last does not stop the stack', async () => {
  const { desk, state } = await openDesk(undefined, 60_000);
  let idleSeen = false;
  desk.on('idle', () => (idleSeen = true));
  const lease = await Lease.take(state, visitor);
  await lease?.release();
  expect(lease).toBeDefined();
  expect(idleSeen).toBe(false);
  desk.close();
});

test('a stack that nobody takes a lease on is idle after a while', async () => {
  const { desk } = await openDesk();
  await once(desk, 'idle');
  desk.close();
});

test('a lessee knows where others can be reached, and when the stack is gone', async () => {
  const { desk, state } = await openDesk();
  const lease = await Lease.take(state, 'background');
  const other = await Lease.take(state, 'api');
  other?.announce('http://127.0.0.1:5000');
  while (!lease?.lessees.some(({ url }) => url === 'http://127.0.0.1:5000'))
    await once(lease!, 'message');
  const lost = once(lease, 'lost');
  desk.close();
  await lost;
});

test('a failed start of change data capture reaches who asked for it', async () => {
  const { desk, state } = await openDesk(() =>
    Promise.reject(new Error('no slot')),
  );
  const lease = await Lease.take(state, 'background');
  await expect(lease?.stream()).rejects.toThrow('no slot');
  desk.close();
});

test('a wrong token gets no lease', async () => {
  const { desk, state } = await openDesk();
  await expect(
    Lease.take({ ...state, token: 'another' }, 'background'),
  ).resolves.toBeUndefined();
  desk.close();
});

test('a line without an end is cut off instead of filling the memory', async () => {
  const { desk, state } = await openDesk();
  const socket = connect(state.leasePort, '127.0.0.1');
  const closed = Promise.withResolvers<void>();
  socket.on('error', () => undefined).on('close', () => closed.resolve());
  try {
    send(socket, { type: 'hello', token, role: 'api' });
    // Known, and so not cut off because it is silent.
    await once(socket, 'data');
    socket.resume().write('x'.repeat(1_000_000));
    expect(await within(20_000, closed.promise)).toBe(true);
  } finally {
    socket.destroy();
    desk.close();
  }
});

test('another program on the port of a stale state is no stack', async () => {
  const server = createServer((socket) => socket.resume().end('220 mail\r\n'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await expect(
    Lease.take(stateAt(port), 'background'),
  ).resolves.toBeUndefined();
  server.close();
});

test('a lessee streams in the place of the stack until it leaves, and only one does', async () => {
  const { desk, handedOver, state } = await openDesk(undefined, 60_000);
  const background = await Lease.take(state, 'background');
  const lease = await Lease.take(state, 'debezium');
  await lease!.takeOver();
  await expect(background!.takeOver()).rejects.toThrow('another process does');
  expect(handedOver).toEqual(['handed over']);
  await lease!.release();
  while (background!.lessees.length > 1) await once(background!, 'message');
  expect(handedOver).toEqual(['handed over', 'taken back']);
  desk.close();
});
