import fc from '../random/property.ts';

import { writeDeadLetter } from '../../src/dead-letters/desk.ts';
import { parseDuration } from '../../src/dead-letters/duration.ts';
import { FilterError } from '../../src/dead-letters/errors.ts';
import {
  auditedFilter,
  type DeadLetterFilter,
} from '../../src/dead-letters/filter.ts';
import {
  parsePayloadCondition,
  shownPath,
} from '../../src/dead-letters/payload-path.ts';
import { listGroups } from '../../src/dead-letters/groups.ts';
import { resolveEntries } from '../../src/dead-letters/resolve.ts';
import {
  countEntries,
  listEntries,
  selectIds,
  withinTime,
} from '../../src/dead-letters/search.ts';
import { AuditLog, DeadLetter } from '../../src/entity/index.ts';
import { useTestDatabase } from '../setup/use-test-database.ts';

const database = useTestDatabase();

const bury = async (
  name: string,
  {
    payload = {},
    subscription = 'search-test',
    error = 'no',
  }: { payload?: unknown; subscription?: string; error?: string } = {},
) => {
  await writeDeadLetter(database.con.manager, {
    source: 'pubsub',
    subscription,
    topic: 'views',
    identity: name,
    payload: Buffer.from(JSON.stringify(payload)),
    attributes: {},
    error: new Error(error),
    attempts: 1,
  });
};

const found = async (filter: DeadLetterFilter): Promise<string[]> =>
  (await listEntries(database.con, filter, { limit: 100 }))
    .map(({ identity }) => identity)
    .sort();

const byPayload = (...conditions: string[]) =>
  found({ payload: conditions.map(parsePayloadCondition) });

beforeEach(() => database.con.query('delete from dead_letter'));

test('entries are found by what stands at a path of their payload', async () => {
  await bury('text', { payload: { user: { id: 'u1' }, tags: ['a', 'b'] } });
  await bury('number', { payload: { count: 42, ok: true, none: null } });
  await bury('number as text', { payload: { count: '42' } });
  await bury('items', { payload: { items: [{ id: 'x' }, { id: 'y' }] } });
  await bury('dots', { payload: { 'a.b': 'c=d' } });
  expect(await byPayload('user.id=u1')).toEqual(['text']);
  expect(await byPayload('user.id=u1', 'tags[]=b')).toEqual(['text']);
  expect(await byPayload('user.id=u1', 'tags[]=c')).toEqual([]);
  expect(await byPayload('count=42')).toEqual(['number', 'number as text']);
  expect(await byPayload('ok=true', 'none=null')).toEqual(['number']);
  expect(await byPayload('items[].id=y')).toEqual(['items']);
  expect(await byPayload('a\\.b=c=d')).toEqual(['dots']);
});

test.each([
  `id=' or true --`,
  `id'; drop table dead_letter; --=x`,
  `id"}' or '1'='1=x`,
  `id=","x":{"$gt":""}`,
  `__proto__=x`,
  `constructor.prototype=x`,
  `$1=$2`,
  `id=%`,
  `id=\\u0000`,
  `""=1`,
  `a=1e999`,
])('hostile input finds nothing and harms nothing: %s', async (text) => {
  await bury('innocent', { payload: { id: 'x1' } });
  expect(await byPayload(text)).toEqual([]);
  expect(await database.con.getRepository(DeadLetter).count()).toBe(1);
});

test.each([
  'no value',
  '=x',
  '.a=x',
  'a..b=x',
  'a.=x',
  'a[]b=x',
  'a\\',
  'a=\0',
  'a\0=x',
  'a=\ud800',
  `${'a.'.repeat(40)}b=x`,
  `a=${'x'.repeat(2_000)}`,
])('refuses what is no condition: %j', (text) => {
  expect(() => parsePayloadCondition(text)).toThrow(/^expected a payload/);
});

test('whatever is given as a condition is refused or harmless', async () => {
  await bury('innocent', { payload: { id: 'x1' } });
  const piece = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('.', '=', '[]', '\\', '"', "'", '$1', '{}', '1e5', '-0'),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
      try {
        await byPayload(pieces.join(''));
      } catch (error) {
        expect(error).toBeInstanceOf(FilterError);
      }
    }),
    { numRuns: 300 },
  );
});

test('a value is found at whatever path it stands', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.stringMatching(/^[a-z .=\\"'$[\]]{1,8}$/), {
        minLength: 1,
        maxLength: 5,
      }),
      fc.stringMatching(/^[ -~]{0,20}$/),
      async (keys, value) => {
        await database.con.query('delete from dead_letter');
        await bury('one', {
          payload: keys.reduceRight<unknown>(
            (inner, key) => ({ [key]: inner }),
            value,
          ),
        });
        const path = keys.map((key) => key.replace(/[.=[\\]/g, '\\$&'));
        expect(await byPayload(`${path.join('.')}=${value}`)).toEqual(['one']);
      },
    ),
    { numRuns: 100 },
  );
});

test('a path is shown as it was given', () => {
  for (const path of ['user.id', 'tags[]', 'items[].id', 'a\\.b', '[].x'])
    expect(shownPath(parsePayloadCondition(`${path}=1`))).toBe(path);
});

test('the audit log gets no values of payloads', () => {
  const filter = {
    subscription: 's',
    payload: [parsePayloadCondition('userId=secret')],
  };
  expect(JSON.stringify(auditedFilter(filter))).not.toContain('secret');
  expect(auditedFilter(filter)).toMatchObject({
    subscription: 's',
    payload: [
      { path: 'userId', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ],
  });
});

test('the index on payloads answers, rather than a look at every entry', async () => {
  const [plan] = await database.con.transaction(async (manager) => {
    await manager.query('set local enable_seqscan = off');
    return manager.query<{ 'QUERY PLAN': unknown }[]>(
      `explain (format json) select id from dead_letter
        where (document @> '{"a":"1"}' or document @> '{"a":1}')`,
    );
  });
  expect(JSON.stringify(plan)).toContain('dead_letter_document');
});

test('a search that takes too long is stopped and says what to do', async () => {
  await expect(
    withinTime(
      database.con,
      (manager) => manager.query('select pg_sleep(60)'),
      0.05,
    ),
  ).rejects.toThrow(/narrow the filter/);
});

test('entries are found by age, subscription, topic, fingerprint and state', async () => {
  await bury('old', { subscription: 'a', error: 'one' });
  await bury('new', { subscription: 'b', error: 'two' });
  await database.con.query(
    `update dead_letter set last_seen_at = now() - interval '2 hours', state = 'resolved' where identity = 'old'`,
  );
  expect(await found({ olderThan: 3_600 })).toEqual(['old']);
  expect(await found({ newerThan: 3_600 })).toEqual(['new']);
  expect(await found({ subscription: 'a' })).toEqual(['old']);
  expect(await found({ topic: 'views', state: 'open' })).toEqual(['new']);
  const { fingerprint } = await database.con
    .getRepository(DeadLetter)
    .findOneByOrFail({ identity: 'new' });
  expect(await found({ fingerprint })).toEqual(['new']);
  const [id] = await selectIds(database.con, { subscription: 'b' }, 10);
  expect(await found({ ids: [id!] })).toEqual(['new']);
  expect(await countEntries(database.con, {})).toBe(2);
});

test('groups have the faults with most entries first', async () => {
  await bury('1', { error: 'row 1 is gone' });
  await bury('2', { error: 'row 2 is gone' });
  await bury('3', { error: 'another fault' });
  expect(await listGroups(database.con, {}, 10)).toMatchObject([
    { entries: 2, attempts: 2, error: expect.stringMatching(/row \d is gone/) },
    { entries: 1, subscription: 'search-test', state: 'open' },
  ]);
  expect(await listGroups(database.con, {}, 1)).toHaveLength(1);
});

test('pages follow each other', async () => {
  for (const name of ['1', '2', '3']) await bury(name);
  const first = await listEntries(database.con, {}, { limit: 2 });
  const second = await listEntries(
    database.con,
    {},
    { limit: 2, after: first.at(-1)!.id },
  );
  expect([...first, ...second].map(({ identity }) => identity)).toEqual([
    '3',
    '2',
    '1',
  ]);
});

test('resolving says who and why, and stands in the audit log', async () => {
  for (const name of ['1', '2', '3']) await bury(name);
  const resolution = {
    actor: 'tester',
    reason: 'spam',
    filter: { subscription: 'search-test' },
  };
  expect(await resolveEntries(database.con, { ...resolution, limit: 2 })).toBe(
    2,
  );
  expect(await resolveEntries(database.con, { ...resolution, limit: 2 })).toBe(
    1,
  );
  expect(
    await database.con
      .getRepository(DeadLetter)
      .findOneByOrFail({ identity: '1' }),
  ).toMatchObject({
    state: 'resolved',
    stateChangedBy: 'tester',
    stateReason: 'spam',
    stateChangedAt: expect.any(Date),
  });
  expect(
    await database.con.getRepository(AuditLog).find({ order: { id: 'ASC' } }),
  ).toMatchObject([
    { action: 'dead-letters.resolve', counts: { resolved: 2 } },
    { action: 'dead-letters.resolve', counts: { resolved: 1 } },
  ]);
});

test.each([
  ['90s', 90],
  ['15m', 900],
  ['1h30m', 5_400],
  ['7d', 604_800],
  ['2w', 1_209_600],
])('%s is %d seconds', (text, seconds) => {
  expect(parseDuration('--older-than', text)).toBe(seconds);
});

test.each(['', '5', 'h', '-1h', '1.5h', '1y', '99999w', '1 h'])(
  'refuses the duration %j',
  (text) => {
    expect(() => parseDuration('--older-than', text)).toThrow(
      /^expected --older-than/,
    );
  },
);
