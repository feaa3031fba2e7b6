import { GraphQLScalarType } from 'graphql';

import type { OperatorAccess } from '../access.ts';
import type { DeskDependencies } from '../desk.ts';
import { causalityQueries } from './causality.ts';
import { bulkMutations, bulkQueries } from './bulk.ts';
import { deskMutations, deskQueries } from './desk.ts';
import {
  operatorMutations,
  operatorQueries,
  operatorSubscriptions,
} from './fields.ts';
import { flowMutations, flowQueries, type FlowsDependencies } from './flows.ts';
import {
  type IntegrationDependencies,
  integrationMutations,
  integrationQueries,
} from './integrations.ts';
import { redactedErrors } from './redacted-errors.ts';
import { workMutations, workQueries } from './work.ts';
import {
  type OverviewDependencies,
  overviewQueries,
  overviewSubscriptions,
} from './overview.ts';
import {
  type SubscriptionDependencies,
  subscriptionQueries,
} from './subscription-details.ts';

export interface OperatorDependencies
  extends
    DeskDependencies,
    FlowsDependencies,
    IntegrationDependencies,
    OverviewDependencies,
    SubscriptionDependencies {
  /** Who may; nobody closes these fields. */
  readonly access: OperatorAccess;
}

interface Resolvers {
  readonly Query: object;
  readonly Mutation: object;
  readonly Subscription: object;
}

const json = new GraphQLScalarType<never, unknown>({
  name: 'JSON',
  serialize: (value) => value,
});

/**
 * Adds the resolvers of operators to those of everybody. A new part lists its fields here, for
 * `Query`, `Mutation` and `Subscription`; every field listed names the right that it asks for.
 */
export const withOperatorResolvers = <Others extends Resolvers>(
  resolvers: Others,
  { access, ...parts }: OperatorDependencies,
) => ({
  ...resolvers,
  ...redactedErrors,
  JSON: json,
  Query: {
    ...resolvers.Query,
    ...operatorQueries(
      {
        ...bulkQueries,
        ...deskQueries(parts),
        ...flowQueries(parts),
        ...integrationQueries(parts),
        ...overviewQueries(parts),
        ...subscriptionQueries(parts),
        ...workQueries,
        ...causalityQueries,
      },
      access,
    ),
  },
  Mutation: {
    ...resolvers.Mutation,
    ...operatorMutations(
      {
        ...bulkMutations,
        ...deskMutations(parts),
        ...flowMutations(parts),
        ...integrationMutations,
        ...workMutations,
      },
      access,
    ),
  },
  Subscription: {
    ...resolvers.Subscription,
    ...operatorSubscriptions({ ...overviewSubscriptions(parts) }, access),
  },
});
