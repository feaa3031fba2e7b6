import { fingerprintOf } from '../../src/dead-letters/fingerprint.ts';

const at = (frame: string, message = 'the mail server is away') => ({
  name: 'Error',
  message,
  stack: `Error: ${message}\n    at new Promise (<anonymous>)\n    at send (/app/node_modules/mailer/index.js:1:1)\n    at ${frame}`,
});

describe('fingerprintOf', () => {
  it.each([
    ['numbers', 'row 17 of 4,200 took 1.5 s', 'row 3 of 12 took 0.25 s'],
    [
      'UUIDs',
      'no post 0198c3a4-7e1c-7d52-9a37-1f0a5c1f4c11',
      'no post 0198c3a4-7e1c-7d52-9a37-1f0a5c1f4c12',
    ],
    ['quoted text', 'no column "name" in \'user\'', 'no column "x" in \'y\''],
    [
      'addresses',
      'refused by one@example.com',
      'refused by b@mail.example.org',
    ],
    ['hexadecimal ids', 'span 4bf92f3577b34da6', 'span 00f067aa0ba902b7'],
    ['times', 'since 2026-01-02T03:04:05.678Z', 'since 2025-12-31T23:59:59.1Z'],
  ])('is the same whatever the %s', (_, one, other) => {
    expect(fingerprintOf({ name: 'Error', message: one })).toBe(
      fingerprintOf({ name: 'Error', message: other }),
    );
  });

  it('is the same on another line, in another directory', () => {
    expect(
      fingerprintOf(at('async handler (file:///app/src/workers/mail.ts:10:5)')),
    ).toBe(
      fingerprintOf(at('handler (/srv/release-2/src/workers/mail.ts:99:1)')),
    );
  });

  it.each([
    ['other words', at('handler (/app/mail.ts:1:1)', 'the queue is full')],
    ['another file', at('handler (/app/push.ts:1:1)')],
    ['another function', at('other (/app/mail.ts:1:1)')],
    [
      'another name',
      { ...at('handler (/app/mail.ts:1:1)'), name: 'TypeError' },
    ],
  ])('differs for %s', (_, other) => {
    expect(fingerprintOf(at('handler (/app/mail.ts:1:1)'))).not.toBe(
      fingerprintOf(other),
    );
  });

  it('takes long messages in no time', () => {
    expect(
      fingerprintOf({ name: 'Error', message: `'"`.repeat(1_000_000) }),
    ).toMatch(/^[0-9a-f]{12}$/);
  });
});
