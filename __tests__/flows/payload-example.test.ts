import { z } from 'zod';

import { Flow, payloadExample } from '../../src/flows/index.ts';

const exampleOf = (payload: z.ZodType): unknown => {
  const flow = new Flow('asks').waitFor('answer', { payload });
  const text = payloadExample(flow, 'answer');
  const example: unknown = JSON.parse(text!);
  return example;
};

interface Tree {
  readonly children: readonly Tree[];
  readonly parent?: Tree | undefined;
}
const tree: z.ZodType<Tree> = z.lazy(() =>
  z.object({ children: z.array(tree), parent: tree.optional() }),
);

test.each<[string, z.ZodType, unknown]>([
  ['a flag', z.object({ approved: z.boolean() }), { approved: false }],
  [
    'fields of all kinds',
    z.object({
      by: z.email(),
      amount: z.number().positive(),
      tags: z.array(z.string()),
      reason: z.string().optional(),
      size: z.enum(['small', 'large']),
      kind: z.literal('refund'),
      times: z.int().default(3),
      note: z.string().nullable(),
    }),
    {
      by: '',
      amount: 0,
      tags: [],
      size: 'small',
      kind: 'refund',
      note: '',
    },
  ],
  [
    'one of several',
    z.discriminatedUnion('type', [
      z.object({ type: z.literal('yes'), by: z.string() }),
      z.object({ type: z.literal('no') }),
    ]),
    { type: 'yes', by: '' },
  ],
  [
    'two at once',
    z.intersection(z.object({ a: z.string() }), z.object({ b: z.boolean() })),
    { a: '', b: false },
  ],
  ['a pair', z.tuple([z.string(), z.number()]), ['', 0]],
  [
    'what is read from text',
    z.iso.date().transform((text) => new Date(text)),
    '',
  ],
  ['a number with a default', z.int().default(3), 3],
  ['nothing in particular', z.unknown(), null],
  ['what JSON cannot describe', z.object({ at: z.date() }), { at: null }],
  ['what holds itself', tree, { children: [] }],
])('the example of a signal that carries %s', (_, payload, example) => {
  expect(exampleOf(payload)).toEqual(example);
});

test('a step that declares nothing, or waits for none, has no example', () => {
  const flow = new Flow('asks').waitFor('answer').step('then', {}, () => null);
  for (const step of ['answer', 'then', 'other'])
    expect(payloadExample(flow, step)).toBeUndefined();
});
