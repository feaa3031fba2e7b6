import { retryAfterSeconds } from '../../../../src/jobs/handlers/webhooks/retry-after.ts';

const now = new Date('2026-11-23T12:00:00Z');

it.each([
  ['120', 120],
  ['Mon, 23 Nov 2026 12:05:00 GMT', 300],
  ['999999', 21_600],
  ['0', undefined],
  ['-5', undefined],
  ['Mon, 23 Nov 2026 11:00:00 GMT', undefined],
  ['soon', undefined],
  [null, undefined],
])('%p asks for %p seconds', (header, seconds) => {
  expect(retryAfterSeconds(header, now)).toBe(seconds);
});
