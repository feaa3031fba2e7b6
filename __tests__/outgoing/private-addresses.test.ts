import type { LookupAddress } from 'node:dns';

import { mayReach } from '../../src/outgoing/address.ts';
import { ForbiddenAddressError } from '../../src/outgoing/errors.ts';
import { guardedFetch } from '../../src/outgoing/guarded-fetch.ts';
import { serve } from './servers.ts';

const outside = { allowPrivate: false, maxBytes: 1_000 };

/** Answers with each of these in turn. */
const resolver = (...answers: readonly (readonly string[])[]) => {
  let asked = 0;
  return {
    asked: () => asked,
    resolve: (): Promise<LookupAddress[]> => {
      const answer = answers[Math.min(asked, answers.length - 1)] ?? [];
      asked += 1;
      return Promise.resolve(
        answer.map((address) => ({
          address,
          family: address.includes(':') ? 6 : 4,
        })),
      );
    },
  };
};

describe('addresses', () => {
  it.each(['1.1.1.1', '93.184.216.34', '2606:4700::1111', '::ffff:1.1.1.1'])(
    '%s is public',
    (address) => {
      expect(mayReach(address, { allowPrivate: false })).toBe(true);
    },
  );

  it.each([
    '10.0.0.1',
    '100.64.0.1',
    '127.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    'fd00::1',
  ])('%s is private', (address) => {
    expect(mayReach(address, { allowPrivate: false })).toBe(false);
    expect(mayReach(address, { allowPrivate: true })).toBe(true);
  });

  it.each([
    '0.0.0.0',
    '100.100.100.200',
    '168.63.129.16',
    '169.254.169.254',
    '192.0.0.192',
    '192.0.2.1',
    '198.18.0.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::7f00:1',
    '::ffff:169.254.169.254',
    '64:ff9b::7f00:1',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '4000::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    'no address',
  ])('%s is never reached', (address) => {
    expect(mayReach(address, { allowPrivate: true })).toBe(false);
  });
});

describe('a request', () => {
  it.each([
    'http://127.0.0.1:PORT/',
    'http://127.1:PORT/',
    'http://2130706433:PORT/',
    'http://0x7f.0.0.1:PORT/',
    'http://017700000001:PORT/',
    'http://0.0.0.0:PORT/',
    'http://[::1]:PORT/',
    'http://[::ffff:127.0.0.1]:PORT/',
    'http://localhost:PORT/',
    'https://127.0.0.1:PORT/',
  ])('to %s reaches nothing inside', async (template) => {
    let connections = 0;
    await using server = await serve(() => undefined, '::');
    server.onConnection(() => (connections += 1));
    await expect(
      guardedFetch(template.replace('PORT', String(server.port)), outside),
    ).rejects.toThrow(ForbiddenAddressError);
    expect(connections).toBe(0);
  });

  it.each([
    ['ftp://example.com/', 'scheme'],
    ['file:///etc/passwd', 'scheme'],
    ['http://name:hunter2@example.com/', 'credentials'],
    ['example.com', 'not-a-url'],
  ])('to %s is refused', async (url, reason) => {
    const refusal = guardedFetch(url, outside);
    await expect(refusal).rejects.toMatchObject({
      name: 'ForbiddenAddressError',
      reason,
    });
    await expect(refusal).rejects.not.toThrow(/hunter2/);
  });

  it('to a name with one private address among public ones is refused', async () => {
    const { resolve } = resolver(['93.184.216.34', '10.0.0.1']);
    await expect(
      guardedFetch('http://mixed.test/', { ...outside, resolve }),
    ).rejects.toThrow(
      new ForbiddenAddressError('private-address', 'mixed.test'),
    );
  });

  it('to a name looks it up once, so that no second answer can lead elsewhere', async () => {
    const { asked, resolve } = resolver(['127.0.0.1'], ['127.0.0.2']);
    await using server = await serve((request, response) => {
      response.end(request.socket.localAddress);
    }, '0.0.0.0');
    const { body } = await guardedFetch(
      `http://rebinding.test:${server.port}/`,
      {
        ...outside,
        allowPrivate: true,
        resolve,
      },
    );
    expect([body.toString(), asked()]).toEqual(['127.0.0.1', 1]);
  });

  it('to a name that turned private between two redirects is refused', async () => {
    // Allowed for the first request only: what the test can reach is private.
    const { resolve } = resolver(['127.0.0.1'], ['169.254.169.254']);
    let requests = 0;
    await using server = await serve((_, response) => {
      requests += 1;
      response.writeHead(302, { location: '/again' }).end();
    });
    await expect(
      guardedFetch(`http://rebinding.test:${server.port}/`, {
        ...outside,
        allowPrivate: true,
        resolve,
      }),
    ).rejects.toThrow(ForbiddenAddressError);
    expect(requests).toBe(1);
  });

  it.each([
    'http://169.254.169.254/latest/meta-data/',
    'http://[fd00:ec2::254]/',
    'http://[::ffff:169.254.169.254]/',
    'http://metadata.test/',
  ])('that is redirected to %s ends', async (location) => {
    await using server = await serve((_, response) => {
      response.writeHead(307, { location }).end();
    });
    const { resolve } = resolver(['169.254.169.254']);
    await expect(
      guardedFetch(server.url, { ...outside, allowPrivate: true, resolve }),
    ).rejects.toMatchObject({ reason: 'private-address' });
  });
});
