import { readFile } from 'node:fs/promises';

import { z } from 'zod';

import { buildSnapshot } from '../../scripts/schema-snapshot-build.ts';
import {
  compareSnapshots,
  type SchemaSnapshot,
} from '../../scripts/schema-snapshot-compare.ts';
import { jsonTopic, protobufTopic } from '../../src/events/topic.ts';
import { MatchedCandidateSchema } from '../../src/generated/gondul/v1/matched_candidate_pb.ts';

const file = new URL('../../src/common/schemas.snapshot.json', import.meta.url);

describe('the schemas of all topics', () => {
  const difference = async () =>
    compareSnapshots(
      JSON.parse(await readFile(file, 'utf8')) as SchemaSnapshot,
      buildSnapshot(),
    );

  it('change additively: make a new field optional, or add a topic beside the old one', async () => {
    expect((await difference()).breaks).toEqual([]);
  });

  it('are recorded: after an additive change run `npx pnpm schemas` and commit the result', async () => {
    expect((await difference()).additions).toEqual([]);
  });
});

describe('compareSnapshots', () => {
  const before = z.object({
    id: z.uuid(),
    size: z.enum(['small', 'large']),
    tags: z.array(z.object({ name: z.string() })),
    note: z.string().optional(),
  });
  const compare = (after: z.ZodType) =>
    compareSnapshots(
      buildSnapshot({ topic: jsonTopic(before) }),
      buildSnapshot({ topic: jsonTopic(after) }),
    );

  it.each([
    ['nothing', before, []],
    [
      'a new optional field',
      before.extend({ more: z.int().optional() }),
      ['topic/schema.more is new'],
    ],
    [
      'a new optional field in a list',
      before.extend({
        tags: z.array(z.object({ name: z.string(), x: z.int().optional() })),
      }),
      ['topic/schema.tags/items.x is new'],
    ],
  ])('allows %s', (_, after, additions) => {
    expect(compare(after)).toEqual({ additions, breaks: [] });
  });

  it.each([
    [
      'a new required field',
      before.extend({ more: z.int() }),
      'more is new and required',
    ],
    ['a removed field', before.omit({ note: true }), 'note was removed'],
    ['another type', before.extend({ note: z.int().optional() }), 'note/type'],
    ['another format', before.extend({ id: z.string() }), 'id/format'],
    [
      'a field that is now required',
      before.extend({ note: z.string() }),
      'note is now required',
    ],
    [
      'a field that is no longer required',
      before.partial({ id: true }),
      'id is no longer required',
    ],
    [
      'a narrower enum',
      before.extend({ size: z.enum(['small']) }),
      'size/enum',
    ],
    [
      'a wider enum, which older workers refuse',
      before.extend({ size: z.enum(['small', 'large', 'huge']) }),
      'size/enum',
    ],
    [
      'a tighter bound',
      before.extend({ note: z.string().max(5).optional() }),
      'note/maxLength',
    ],
    [
      'a break inside a list',
      before.extend({ tags: z.array(z.object({})) }),
      'tags/items.name was removed',
    ],
  ])('refuses %s', (_, after, problem) => {
    const { breaks } = compare(after);
    expect(breaks.length).toBeGreaterThan(0);
    expect(breaks.join('\n')).toContain(`topic/schema.${problem}`);
  });

  it('allows a new topic and refuses a removed one', () => {
    const one = buildSnapshot({ one: jsonTopic(before) });
    const two = buildSnapshot({
      one: jsonTopic(before),
      two: jsonTopic(before),
    });
    expect(compareSnapshots(one, two)).toEqual({
      additions: ['topic two is new'],
      breaks: [],
    });
    expect(compareSnapshots(two, one)).toEqual({
      additions: [],
      breaks: ['topic two was removed'],
    });
  });

  it('refuses to take a topic its event ids', () => {
    expect(
      compareSnapshots(
        buildSnapshot({ topic: protobufTopic(MatchedCandidateSchema) }),
        buildSnapshot({
          topic: protobufTopic(MatchedCandidateSchema, { identity: 'none' }),
        }),
      ).breaks,
    ).toEqual(['topic/identity was "event", is "none"']);
  });

  it('knows fields of Protobuf messages by their numbers', () => {
    const now = buildSnapshot({ topic: protobufTopic(MatchedCandidateSchema) });
    const past = structuredClone(now) as {
      topic: { fields: Record<string, { name: string; type: string }> };
    };
    const { fields } = past.topic;
    delete fields['4'];
    expect(compareSnapshots(past, now)).toEqual({
      additions: ['topic.4 is new'],
      breaks: [],
    });
    expect(compareSnapshots(now, past).breaks).toEqual(['topic.4 was removed']);
    if (fields['1']) fields['1'].type = 'BYTES';
    expect(compareSnapshots(past, now).breaks).toEqual([
      'topic.1/type was "BYTES", is "STRING"',
    ]);
  });
});
