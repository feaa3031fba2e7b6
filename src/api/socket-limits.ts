import type { FastifyInstance } from 'fastify';
import { GraphQLError, Location, specifiedRules, validate } from 'graphql';

import { queryLimits } from './query-limits.ts';

/** Characters of a subscription; longer ones are refused before they are parsed. */
export const longestSubscription = 16_384;

const refuse = (errors: readonly GraphQLError[]): void => {
  const [first] = errors;
  if (!first) return;
  const { code = 'INVALID_QUERY' } = first.extensions;
  throw new GraphQLError(first.message, { extensions: { code } });
};

/**
 * Holds subscriptions to what requests are held to. The server validates what comes over a socket by itself in no way
 * but its depth: neither against the schema nor against the limits.
 */
export const addSocketLimits = (app: FastifyInstance): void => {
  app.graphql.addHook('preSubscriptionExecution', async (schema, document) => {
    // The server takes a parsed document, too, of which nobody knows whether it is one.
    if (!(document.loc instanceof Location))
      refuse([new GraphQLError('expected a subscription as text')]);
    // How much it is comes first: the other rules take long for what is large.
    refuse(validate(schema, document, [queryLimits]));
    refuse(validate(schema, document, specifiedRules));
  });
};
