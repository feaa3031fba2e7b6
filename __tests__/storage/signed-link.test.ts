import { signLink, verifyLink } from '../../src/storage/signed-link.ts';

const secret = 'a-secret-of-16-characters';
const expires = new Date(2_000_000_000_000);
const before = expires.getTime() - 1;

it('accepts a link until it expires', () => {
  const link = signLink(secret, 'a/b.csv', expires);
  expect(verifyLink(secret, 'a/b.csv', link, before)).toBe('valid');
  expect(verifyLink(secret, 'a/b.csv', link, expires.getTime())).toBe(
    'expired',
  );
});

it('refuses a link for another key, a later expiry or by another secret', () => {
  const link = signLink(secret, 'a/b.csv', expires);
  expect(verifyLink(secret, 'a/c.csv', link, before)).toBe('forged');
  expect(
    verifyLink(secret, 'a/b.csv', { ...link, expires: '2000000001' }, before),
  ).toBe('forged');
  expect(verifyLink('another-secret-of-many', 'a/b.csv', link, before)).toBe(
    'forged',
  );
});

it.each(['', 'x', 'ü', 'A'.repeat(43), 'A'.repeat(10_000)])(
  'refuses the signature %j',
  (signature) => {
    const link = { ...signLink(secret, 'a', expires), signature };
    expect(verifyLink(secret, 'a', link, before)).toBe('forged');
  },
);

it('does not tell that a forged link would have expired', () => {
  const link = { ...signLink(secret, 'a', new Date(0)), signature: 'x' };
  expect(verifyLink(secret, 'a', link)).toBe('forged');
});

it('refuses an expiry that is no number, even if it were signed', () => {
  const link = signLink(secret, 'a', new Date(Number.NaN));
  expect(verifyLink(secret, 'a', link, before)).toBe('expired');
});
