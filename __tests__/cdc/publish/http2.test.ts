import { once } from 'node:events';
import {
  constants,
  createServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2';
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net';
import { buffer } from 'node:stream/consumers';

import { Http2Connection } from '../../../src/cdc/publish/http2/connection.ts';
import {
  ConnectionLostError,
  RequestTimeoutError,
  StreamResetError,
} from '../../../src/cdc/publish/http2/errors.ts';
import {
  frameType,
  numberFrame,
  settingsFrame,
  wholeFrame,
} from '../../../src/cdc/publish/http2/frames.ts';
import { encodeHeaders } from '../../../src/cdc/publish/http2/header-block.ts';
import { decodeHuffman } from '../../../src/cdc/publish/http2/huffman.ts';
import fc from '../../random/property.ts';

const patient = { timeout: 20_000, silence: 20_000, patience: 10_000 };
const post = encodeHeaders([
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'test'],
]);
const words = [Buffer.from('some '), Buffer.from('words')];

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

const connectTo = async (
  server: Server | Http2Server,
  options = patient,
): Promise<Http2Connection> => {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  const connection = new Http2Connection(socket, options);
  ends.push(() => connection.close());
  return connection;
};

/** Node's own server, which is nghttp2. */
const serve = async (
  answer: (stream: ServerHttp2Stream) => void,
  options: ServerOptions = {},
): Promise<Http2Server> => {
  const server = createServer(options);
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined);
  });
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    answer(stream);
  });
  ends.push(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
};

/** A server that speaks what the test has it say. */
const serveRaw = async (talk: (socket: Socket) => void): Promise<Server> => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    ends.push(() => socket.destroy());
    talk(socket);
  });
  ends.push(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
};

describe('header blocks', () => {
  it('reads the Huffman-coded texts of the RFC', () => {
    const texts = {
      f1e3c2e5f23a6ba0ab90f4ff: 'www.example.com',
      a8eb10649cbf: 'no-cache',
      '6402': '302',
      d07abe941054d444a8200595040b8166e082a62d1bff:
        'Mon, 21 Oct 2013 20:13:21 GMT',
    };
    for (const [hex, text] of Object.entries(texts))
      expect(decodeHuffman(Buffer.from(hex, 'hex'))).toBe(text);
  });

  it.each(['ffffffff', '64', 'a8eb10649cbfff'])(
    'refuses a Huffman-coded text with wrong padding or an end in it: %s',
    (hex) => {
      expect(() => decodeHuffman(Buffer.from(hex, 'hex'))).toThrow(
        'expected a Huffman-coded text',
      );
    },
  );

  it('reads what another implementation writes, whatever the values, in headers and trailers', async () => {
    let values: string[] = [];
    const server = await serve((stream) => {
      stream.respond(
        { ':status': 200, first: values[0] ?? '', date: values[1] },
        { waitForTrailers: true },
      );
      stream.on('wantTrailers', () =>
        stream.sendTrailers({ 'grpc-status': '0', last: values[2] ?? '' }),
      );
      stream.end('answer');
    });
    const connection = await connectTo(server);
    const value = fc
      .string({ unit: 'grapheme-ascii', maxLength: 300 })
      .map((text) => text.trim());
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 3 }), async (given) => {
        values = given;
        const answer = await connection.request(post, words);
        expect(Object.fromEntries(answer)).toMatchObject({
          ':status': '200',
          first: given[0],
          date: given[1],
          last: given[2],
          'grpc-status': '0',
        });
      }),
    );
  });

  it('reads headers that take several frames, and padded ones', async () => {
    const long = 'x'.repeat(40_000);
    const server = await serve(
      (stream) => {
        stream.respond({ ':status': 200, long });
        stream.end('answer');
      },
      {
        paddingStrategy: constants.PADDING_STRATEGY_MAX,
        maxSendHeaderBlockLength: 100_000,
      },
    );
    const connection = await connectTo(server);
    const answer = await connection.request(post, words);
    expect(answer.get('long')).toBe(long);
  });
});

describe('bodies', () => {
  it('arrive whole through small windows, many at once, and in the windows of a peer that changes its mind', async () => {
    const received: number[] = [];
    const server = await serve(
      (stream) => {
        void buffer(stream).then((body) => {
          const number = body.readUInt32BE(0);
          const isWhole = body
            .subarray(4)
            .every((byte, place) => byte === (place + number) % 251);
          if (isWhole) received.push(body.length);
          if (number === 5)
            stream.session?.settings({ initialWindowSize: 70_000 });
          stream.respond({ ':status': 200 }, { endStream: true });
        });
      },
      { settings: { initialWindowSize: 700 } },
    );
    const connection = await connectTo(server);
    const sizes = Array.from({ length: 20 }, (_, place) => 1 + place * 9_000);
    await Promise.all(
      sizes.map((size, number) => {
        const head = Buffer.alloc(4);
        head.writeUInt32BE(number);
        const body = Buffer.from(
          Array.from({ length: size }, (_, place) => (place + number) % 251),
        );
        const cut = Math.floor(size / 3);
        return connection.request(post, [
          head,
          body.subarray(0, cut),
          Buffer.alloc(0),
          body.subarray(cut),
        ]);
      }),
    );
    expect(received.toSorted((a, b) => a - b)).toEqual(
      sizes.map((size) => size + 4),
    );
  });

  it('are not begun beyond what the peer allows at once', async () => {
    let most = 0;
    const open = new Set<ServerHttp2Stream>();
    const server = await serve(
      (stream) => {
        open.add(stream);
        most = Math.max(most, open.size);
        stream.resume().on('end', () => {
          setImmediate(() => {
            open.delete(stream);
            stream.respond({ ':status': 200 }, { endStream: true });
          });
        });
      },
      { settings: { maxConcurrentStreams: 3 } },
    );
    const connection = await connectTo(server);
    // The peer's settings are there with the first answer.
    await connection.request(post, words);
    await Promise.all(
      Array.from({ length: 40 }, () => connection.request(post, words)),
    );
    expect(most).toBe(3);
  });

  it('are given up when the answer comes before all of them is sent, and the next request goes on', async () => {
    const server = await serve(
      (stream) => {
        stream.respond({ ':status': 200, early: 'yes' }, { endStream: true });
      },
      { settings: { initialWindowSize: 100 } },
    );
    const connection = await connectTo(server);
    for (let turn = 0; turn < 5; turn += 1) {
      const answer = await connection.request(post, [Buffer.alloc(50_000)]);
      expect(answer.get('early')).toBe('yes');
    }
  });

  it('of answers are taken whole, however large', async () => {
    const server = await serve((stream) => {
      stream.respond({ ':status': 200 });
      stream.end(Buffer.alloc(1_000_000));
    });
    const connection = await connectTo(server);
    for (let turn = 0; turn < 3; turn += 1)
      expect((await connection.request(post, words)).get(':status')).toBe(
        '200',
      );
  });
});

describe('a peer', () => {
  it('that resets a stream ends that request alone', async () => {
    let streams = 0;
    const server = await serve((stream) => {
      streams += 1;
      if (streams === 1) stream.close(constants.NGHTTP2_REFUSED_STREAM);
      else stream.respond({ ':status': 200 }, { endStream: true });
    });
    const connection = await connectTo(server);
    const [first, second] = await Promise.allSettled([
      connection.request(post, words),
      connection.request(post, words),
    ]);
    expect(first).toMatchObject({ reason: new StreamResetError(7) });
    expect(second.status).toBe('fulfilled');
  });

  it('that goes away answers what it took; the rest is lost at once, and nothing more is taken', async () => {
    const held: ServerHttp2Stream[] = [];
    const bothThere = Promise.withResolvers<void>();
    const server = await serve((stream) => {
      held.push(stream);
      if (held.length === 2) bothThere.resolve();
    });
    const connection = await connectTo(server);
    const first = connection.request(post, words);
    const second = connection.request(post, words);
    await bothThere.promise;
    held[0]!.session!.goaway(0, held[0]!.id);
    await expect(second).rejects.toThrow(ConnectionLostError);
    expect(connection.usable).toBe(false);
    await expect(connection.request(post, words)).rejects.toThrow(
      ConnectionLostError,
    );
    held[0]!.respond({ ':status': 200 }, { endStream: true });
    expect((await first).get(':status')).toBe('200');
  });

  it('that does not answer in time loses the request, and keeps the connection', async () => {
    let streams = 0;
    const server = await serve((stream) => {
      streams += 1;
      if (streams > 1) stream.respond({ ':status': 200 }, { endStream: true });
    });
    const connection = await connectTo(server, { ...patient, timeout: 100 });
    await expect(connection.request(post, words)).rejects.toThrow(
      RequestTimeoutError,
    );
    expect(connection.usable).toBe(true);
    expect((await connection.request(post, words)).get(':status')).toBe('200');
  });

  it('that is only slow answers a ping and is kept; one that is gone without a word is not waited for', async () => {
    const slow = await serve(() => undefined);
    const kept = await connectTo(slow, {
      timeout: 1_500,
      silence: 50,
      patience: 300,
    });
    await expect(kept.request(post, words)).rejects.toThrow(
      RequestTimeoutError,
    );
    expect(kept.usable).toBe(true);

    const gone = await serveRaw(() => undefined);
    const lost = await connectTo(gone, {
      timeout: 20_000,
      silence: 50,
      patience: 50,
    });
    await expect(lost.request(post, words)).rejects.toThrow(
      'the peer said nothing for 100 ms',
    );
  });

  it('that is gone without a word is left even if every request ends by its own time before', async () => {
    const gone = await serveRaw(() => undefined);
    const connection = await connectTo(gone, {
      timeout: 600,
      silence: 50,
      patience: 700,
    });
    const failures: string[] = [];
    for (let turn = 0; turn < 5 && connection.usable; turn += 1)
      await connection.request(post, words).catch((error: unknown) => {
        failures.push((error as Error).name);
      });
    expect(failures.at(-1)).toBe('ConnectionLostError');
  });

  const emptySettings = settingsFrame([]);
  const large = Buffer.from('ffffff040000000000', 'hex');
  it.each<[string, Buffer]>([
    ['HTTP/1', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['a frame too large', large],
    [
      'settings cut short',
      wholeFrame(frameType.settings, 0, 0, Buffer.alloc(5)),
    ],
    [
      'a header block with a table',
      wholeFrame(frameType.headers, 4, 1, Buffer.from([0xff, 0x00])),
    ],
    [
      'a text cut short',
      wholeFrame(frameType.headers, 4, 1, Buffer.from([0x00, 0x05, 0x61])),
    ],
    ['a window of nothing', numberFrame(frameType.windowUpdate, 1, 0)],
    ['a window too large', numberFrame(frameType.windowUpdate, 0, 0x7fff_ffff)],
    ['a push', wholeFrame(frameType.pushPromise, 4, 1, Buffer.alloc(4))],
    [
      'the rest of nothing',
      wholeFrame(frameType.continuation, 4, 1, Buffer.alloc(1)),
    ],
    [
      'only padding',
      wholeFrame(frameType.headers, 0xc, 1, Buffer.from([9, 0])),
    ],
  ])(
    'that says %s is left at once, and what waits fails',
    async (_, frames) => {
      const server = await serveRaw((socket) => {
        socket.once('data', () =>
          socket.write(Buffer.concat([emptySettings, frames])),
        );
      });
      const connection = await connectTo(server);
      await expect(connection.request(post, words)).rejects.toThrow(
        ConnectionLostError,
      );
      expect(connection.usable).toBe(false);
    },
  );

  it('that says anything at all never does more than end the connection', async () => {
    const frame = fc
      .tuple(
        fc.nat({ max: 10 }),
        fc.nat({ max: 255 }),
        fc.constantFrom(0, 1, 2, 3),
        fc.uint8Array({ maxLength: 40 }),
      )
      .map(([type, flags, stream, payload]) =>
        wholeFrame(type, flags, stream, Buffer.from(payload)),
      );
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { maxLength: 12 }), async (frames) => {
        const server = await serveRaw((socket) => {
          socket.once('data', () => socket.end(Buffer.concat(frames)));
        });
        const connection = await connectTo(server);
        await connection.request(post, words).then(
          (answer) => expect(answer).toBeInstanceOf(Map),
          (error: unknown) =>
            expect(['ConnectionLostError', 'StreamResetError']).toContain(
              (error as Error).name,
            ),
        );
        for (const end of ends.splice(0)) end();
      }),
    );
  });
});
