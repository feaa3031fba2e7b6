import { parseFeedDate } from '../../../../src/jobs/handlers/connections/dates.ts';

const read = (text: string): string | undefined => {
  const instant = parseFeedDate(text);
  return instant === undefined ? undefined : new Date(instant).toISOString();
};

test.each([
  ['2024-02-29T10:00:00Z', '2024-02-29T10:00:00.000Z'],
  ['2024-02-29T10:00:00.123456+01:00', '2024-02-29T09:00:00.000Z'],
  ['2024-02-29T10:00:00-0530', '2024-02-29T15:30:00.000Z'],
  ['2024-02-29 10:00', '2024-02-29T10:00:00.000Z'],
  ['2024-02-29', '2024-02-29T00:00:00.000Z'],
  ['20240229', '2024-02-29T00:00:00.000Z'],
  ['Thu, 29 Feb 2024 10:00:00 GMT', '2024-02-29T10:00:00.000Z'],
  ['Thu, 29 Feb 2024 10:00 EST', '2024-02-29T15:00:00.000Z'],
  ['29 Feb 24 10:00:00 +0200', '2024-02-29T08:00:00.000Z'],
  ['Thursday, 29-Feb-24 10:00:00 UTC', '2024-02-29T10:00:00.000Z'],
  ['do., 29 February 2024 10:00:00 CET', '2024-02-29T09:00:00.000Z'],
  ['Thu, 29 Feb 2024 10:00:00 GMT+0100 (CET)', '2024-02-29T09:00:00.000Z'],
  ['February 29, 2024 10:00 PM', '2024-02-29T22:00:00.000Z'],
  ['Feb 29th, 2024', '2024-02-29T00:00:00.000Z'],
  ['Thu Feb 29 10:00:00 UTC 2024', '2024-02-29T10:00:00.000Z'],
  ['Thu Feb 29 10:00:00 2024', '2024-02-29T10:00:00.000Z'],
  ['1709200800', '2024-02-29T10:00:00.000Z'],
  ['1709200800000', '2024-02-29T10:00:00.000Z'],
])('reads %s', (text, expected) => {
  expect(read(text)).toBe(expected);
});

test.each([
  '',
  'yesterday',
  '30 Feb 2024 10:00:00 GMT',
  '2024-13-01',
  '0001-01-01T00:00:00Z',
  'Thu, 01 Jan 1970 00:00:00 GMT',
  '29 Foo 2024',
  '2024-02-29T10:75:00Z',
])('takes no date from %j', (text) => {
  expect(read(text)).toBeUndefined();
});
