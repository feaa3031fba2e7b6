import { initGraphQLTada } from 'gql.tada';

import type { introspection } from './schema.d.ts';

/** Writes a document that is checked against the API's schema; its answers have their types. */
export const graphql = initGraphQLTada<{
  introspection: introspection;
  scalars: { DateTime: string; JSON: unknown };
  disableMasking: true;
}>();

export type { FragmentOf, ResultOf, VariablesOf } from 'gql.tada';
