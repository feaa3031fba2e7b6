import { z } from 'zod';

import { traceCauses } from '../../../causality/trace/trace.ts';
import { parseInput } from '../../input.ts';
import type { OperatorQuery } from './fields.ts';

const text = z
  .string()
  .trim()
  .min(1)
  .max(1_024)
  .refine((given) => !given.includes('\0'), 'expected text without NUL');

const input = z
  .strictObject({
    id: text.optional(),
    table: text.optional(),
    key: text.optional(),
  })
  .transform(({ id, table, key }, context) => {
    if (id !== undefined && table === undefined && key === undefined)
      return { id };
    if (id === undefined && table !== undefined && key !== undefined)
      return { table, key };
    context.addIssue({
      code: 'custom',
      path: ['id'],
      message: 'expected either an id, or a table and a key',
    });
    return z.NEVER;
  });

export const causalityQueries: Readonly<Record<string, OperatorQuery>> = {
  causality: [
    'read',
    async (args, { con }) => {
      const trace = await traceCauses(con, parseInput(input, args));
      return {
        ...trace,
        nodes: trace.nodes.map(({ facts = {}, attempts = [], ...node }) => ({
          ...node,
          attempts,
          facts: Object.entries(facts).map(([name, value]) => ({
            name,
            value,
          })),
        })),
      };
    },
  ],
};
