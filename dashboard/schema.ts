import {
  minifyIntrospection,
  outputIntrospectionFile,
} from 'gql.tada/internal';
import { buildSchema, introspectionFromSchema } from 'graphql';

import { operatorSchema } from '../src/api/operator/graphql/schema.ts';
import { schema } from '../src/api/schema.ts';

/** The API's schema as the types that the page's documents are checked against. */
export const dashboardSchema = (): string =>
  outputIntrospectionFile(
    minifyIntrospection(
      introspectionFromSchema(buildSchema(`${schema}\n${operatorSchema}`)),
    ),
    { fileType: '.d.ts', shouldPreprocess: true },
  );
