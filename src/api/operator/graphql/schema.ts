import { operatorRights } from '../../../config.ts';
import { causalitySchema } from './causality-schema.ts';
import { bulkSchema } from './bulk-schema.ts';
import { deskSchema } from './desk-schema.ts';
import { flowsSchema } from './flows-schema.ts';
import { integrationsSchema } from './integrations-schema.ts';
import { overviewSchema } from './overview-schema.ts';
import { subscriptionDetailsSchema } from './subscription-details-schema.ts';
import { workSchema } from './work-schema.ts';

/**
 * What operators see and do in GraphQL, beside the schema of everybody: each part extends `Query` and
 * `Mutation` by its fields, whose resolvers stand in `resolvers.ts`.
 */
export const operatorSchema = [
  /* GraphQL */ `
    "Any JSON value; only ever part of answers."
    scalar JSON

    enum OperatorRight {
      ${operatorRights.join('\n      ')}
    }
  `,
  deskSchema,
  overviewSchema,
  workSchema,
  flowsSchema,
  causalitySchema,
  integrationsSchema,
  subscriptionDetailsSchema,
  bulkSchema,
].join('\n');
