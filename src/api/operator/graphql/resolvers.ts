import { GraphQLScalarType } from 'graphql';

import type { DeskDependencies } from '../desk.ts';
import { deskMutations, deskQueries } from './desk.ts';
import { operatorMutations, operatorQueries } from './fields.ts';

export interface OperatorDependencies extends DeskDependencies {
  /** Whether operators have a secret; without one, their fields are closed. */
  readonly open: boolean;
}

interface Resolvers {
  readonly Query: object;
  readonly Mutation: object;
}

const json = new GraphQLScalarType<never, unknown>({
  name: 'JSON',
  serialize: (value) => value,
});

/**
 * Adds the resolvers of operators to those of everybody. A new part lists its fields here, once for
 * `Query` and once for `Mutation`; every field listed is behind the operators' token.
 */
export const withOperatorResolvers = <Others extends Resolvers>(
  resolvers: Others,
  { open, ...desk }: OperatorDependencies,
) => ({
  ...resolvers,
  JSON: json,
  Query: {
    ...resolvers.Query,
    ...operatorQueries({ ...deskQueries(desk) }, open),
  },
  Mutation: {
    ...resolvers.Mutation,
    ...operatorMutations({ ...deskMutations(desk) }, open),
  },
});
