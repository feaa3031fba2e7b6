import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';

import {
  ForbiddenAddressError,
  ResponseTimeoutError,
  ResponseTooLargeError,
  TooManyRedirectsError,
  UnreachableError,
  UnreadableResponseError,
} from '../../src/outgoing/errors.ts';
import { guardedFetch } from '../../src/outgoing/guarded-fetch.ts';
import { serve } from './servers.ts';

const here = { allowPrivate: true, maxBytes: 1_000 };

describe('an answer', () => {
  it('comes with its status, headers and body', async () => {
    await using server = await serve((request, response) => {
      response.writeHead(201, { 'x-seen': request.headers['x-sent'] });
      request.pipe(response);
    });

    const { body, headers, redirects, status, url } = await guardedFetch(
      `${server.url}/a?b=c`,
      { ...here, method: 'post', headers: { 'x-sent': '1' }, body: 'hello' },
    );

    expect({ body: body.toString(), status, redirects, url }).toEqual({
      body: 'hello',
      status: 201,
      redirects: [],
      url: `${server.url}/a?b=c`,
    });
    expect(headers.get('x-seen')).toBe('1');
  });

  it('is unpacked', async () => {
    await using server = await serve((_, response) => {
      response
        .writeHead(200, { 'content-encoding': 'gzip' })
        .end(gzipSync('packed'));
    });
    const { body } = await guardedFetch(server.url, here);
    expect(body.toString()).toBe('packed');
  });

  it('without a body needs nothing to unpack', async () => {
    await using server = await serve((_, response) => {
      response.writeHead(304, { 'content-encoding': 'gzip' }).end();
    });
    const { status, body } = await guardedFetch(server.url, here);
    expect([status, body.length]).toEqual([304, 0]);
  });

  it.each([
    ['is not what its encoding says', 'gzip', Buffer.from('not gzip at all')],
    [
      'ends in the middle of its encoding',
      'gzip',
      gzipSync('cut').subarray(0, -4),
    ],
    ['has an encoding that was not asked for', 'zstd', Buffer.from('x')],
  ])('that %s is an error', async (_, encoding, body) => {
    await using server = await serve((__, response) => {
      response.writeHead(200, { 'content-encoding': encoding }).end(body);
    });
    await expect(guardedFetch(server.url, here)).rejects.toThrow(
      UnreadableResponseError,
    );
  });
});

describe('a body larger than its limit', () => {
  it('is an error, and is not read further', async () => {
    let sent = 0;
    await using server = await serve((_, response) => {
      const more = () => {
        do sent += 65_536;
        while (response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', more);
      more();
    });
    await expect(guardedFetch(server.url, here)).rejects.toThrow(
      new ResponseTooLargeError(server.url, 1_000),
    );
    expect(sent).toBeLessThan(50_000_000);
  });

  it('is an error when only unpacking makes it large', async () => {
    const bomb = gzipSync(Buffer.alloc(200_000_000));
    await using server = await serve((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
    });
    await expect(guardedFetch(server.url, here)).rejects.toThrow(
      ResponseTooLargeError,
    );
  });

  it('is cut if that is asked for', async () => {
    await using server = await serve((_, response) => {
      response.end('abcdef');
    });
    const { body, isCut } = await guardedFetch(server.url, {
      ...here,
      maxBytes: 3,
      whenLarger: 'cut',
    });
    expect([body.toString(), isCut]).toEqual(['abc', true]);
  });

  it('of exactly the limit is none', async () => {
    await using server = await serve((_, response) => {
      response.end('abcdef');
    });
    const { body, isCut } = await guardedFetch(server.url, {
      ...here,
      maxBytes: 6,
    });
    expect([body.toString(), isCut]).toEqual(['abcdef', false]);
  });
});

describe('time', () => {
  it('is up when a server never answers', async () => {
    await using server = await serve(() => undefined);
    await expect(
      guardedFetch(server.url, { ...here, idleSeconds: 0.05 }),
    ).rejects.toThrow(new ResponseTimeoutError(server.url, 'idle', 0.05));
  });

  it('is up when a server sends byte by byte for ever', async () => {
    await using server = await serve((_, response) => {
      const timer = setInterval(() => response.write('.'), 5);
      response.on('close', () => clearInterval(timer));
    });
    await expect(
      guardedFetch(server.url, { ...here, timeoutSeconds: 0.2 }),
    ).rejects.toThrow(new ResponseTimeoutError(server.url, 'total', 0.2));
  });

  it('is up when a server stops in the middle of a body', async () => {
    await using server = await serve((_, response) => {
      response.write('a');
    });
    await expect(
      guardedFetch(server.url, { ...here, idleSeconds: 0.1 }),
    ).rejects.toThrow(ResponseTimeoutError);
  });

  it.each(['http', 'https'])(
    'is up when a server takes a connection and says nothing to %s, which is then hung up',
    async (scheme) => {
      const server = createServer();
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const closed = once(server, 'connection').then(([socket]) =>
        once((socket as Socket).resume(), 'close'),
      );
      const { port } = server.address() as AddressInfo;
      await expect(
        guardedFetch(`${scheme}://127.0.0.1:${port}`, {
          ...here,
          idleSeconds: 0.1,
        }),
      ).rejects.toThrow(ResponseTimeoutError);
      await closed;
      server.close();
    },
  );

  it('is up when a name is never found', async () => {
    await expect(
      guardedFetch('http://slow.test', {
        ...here,
        timeoutSeconds: 0.05,
        resolve: () => new Promise(() => undefined),
      }),
    ).rejects.toThrow(
      new ResponseTimeoutError('http://slow.test', 'total', 0.05),
    );
  });

  it('is up when the caller says so, with the reason of the caller', async () => {
    const controller = new AbortController();
    const reason = new Error('drain');
    await using server = await serve(() => controller.abort(reason));
    await expect(
      guardedFetch(server.url, { ...here, signal: controller.signal }),
    ).rejects.toBe(reason);
  });

  it('may be up before it began', async () => {
    const reason = new Error('drain');
    await expect(
      guardedFetch('http://unused.test', {
        ...here,
        signal: AbortSignal.abort(reason),
      }),
    ).rejects.toBe(reason);
  });
});

describe('a server that cannot be reached', () => {
  it('is told by the code of the network', async () => {
    let url: string;
    {
      await using server = await serve(() => undefined);
      url = server.url;
    }
    await expect(guardedFetch(url, here)).rejects.toMatchObject({
      name: 'UnreachableError',
      code: 'ECONNREFUSED',
    });
  });

  it('is told when it hangs up', async () => {
    await using server = await serve((request) => {
      request.socket.destroy();
    });
    await expect(guardedFetch(server.url, here)).rejects.toThrow(
      UnreachableError,
    );
  });

  it('is told when its name has no address', async () => {
    await expect(
      guardedFetch('http://nowhere.test', {
        ...here,
        resolve: () => Promise.resolve([]),
      }),
    ).rejects.toMatchObject({ name: 'UnreachableError', code: 'ENOTFOUND' });
  });
});

describe('redirects', () => {
  it.each([
    [301, 'GET', undefined],
    [302, 'GET', undefined],
    [303, 'GET', undefined],
    [307, 'POST', 'payload'],
    [308, 'POST', 'payload'],
  ])('of %i make a POST a %s', async (status, method, body) => {
    await using server = await serve((request, response) => {
      if (request.url === '/') {
        response.writeHead(status, { location: '/next' }).end();
        return;
      }
      response.writeHead(200, {
        'x-method': request.method,
        'x-type': request.headers['content-type'] ?? 'none',
      });
      request.pipe(response);
    });

    const answer = await guardedFetch(server.url, {
      ...here,
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: 'payload',
    });

    expect(answer.headers.get('x-method')).toBe(method);
    expect(answer.headers.get('x-type')).toBe(body ? 'text/plain' : 'none');
    expect(answer.body.toString()).toBe(body ?? '');
    expect(answer.redirects).toEqual([
      { from: `${server.url}/`, to: `${server.url}/next`, status },
    ]);
    expect(answer.url).toBe(`${server.url}/next`);
  });

  it('take no credentials to another origin', async () => {
    await using other = await serve((request, response) => {
      response.end(JSON.stringify(request.headers));
    });
    await using server = await serve((_, response) => {
      response.writeHead(302, { location: other.url }).end();
    });

    const { body } = await guardedFetch(server.url, {
      ...here,
      headers: {
        authorization: 'Bearer a',
        cookie: 'a=b',
        'webhook-signature': 'v1,a',
        'x-api-key': 'a',
        accept: 'text/plain',
      },
    });

    const seen = JSON.parse(body.toString()) as Record<string, string>;
    expect(seen).toMatchObject({ accept: 'text/plain' });
    for (const name of [
      'authorization',
      'cookie',
      'webhook-signature',
      'x-api-key',
    ])
      expect(seen).not.toHaveProperty(name);
  });

  it('end at the limit', async () => {
    let requests = 0;
    await using server = await serve((_, response) => {
      requests += 1;
      response.writeHead(302, { location: `/${requests}` }).end();
    });
    await expect(
      guardedFetch(server.url, { ...here, maxRedirects: 2 }),
    ).rejects.toThrow(new TooManyRedirectsError(server.url, 2));
    expect(requests).toBe(3);
  });

  it('are answers when they are not to be followed', async () => {
    await using server = await serve((_, response) => {
      response.writeHead(302, { location: '/elsewhere' }).end('moved');
    });
    const { status, body } = await guardedFetch(server.url, {
      ...here,
      redirect: 'return',
    });
    expect([status, body.toString()]).toEqual([302, 'moved']);
  });

  it('without a location are answers', async () => {
    await using server = await serve((_, response) => {
      response.writeHead(302).end();
    });
    expect((await guardedFetch(server.url, here)).status).toBe(302);
  });

  it.each([
    'file:///etc/passwd',
    'gopher://127.0.0.1/',
    'http://a:b@localhost/',
    'http://[',
  ])('to %s are not followed', async (location) => {
    await using server = await serve((_, response) => {
      response.writeHead(302, { location }).end();
    });
    await expect(guardedFetch(server.url, here)).rejects.toThrow(
      ForbiddenAddressError,
    );
  });

  it('to letters beyond ASCII are understood', async () => {
    await using server = await serve((request, response) => {
      if (request.url === '/')
        response.writeHead(302, {
          location: Buffer.from('/über').toString('latin1'),
        });
      response.end();
    });
    const { url } = await guardedFetch(server.url, here);
    expect(url).toBe(`${server.url}/%C3%BCber`);
  });
});
