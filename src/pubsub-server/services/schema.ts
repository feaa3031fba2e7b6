import { unimplemented } from '../errors.ts';
import { type Method, serviceBuilder } from './method.ts';

const { refuses } = serviceBuilder('google.pubsub.v1.SchemaService');

/** google.pubsub.v1.SchemaService, of which nothing is here. */
export const schemaMethods: readonly Method[] = [
  'CommitSchema',
  'CreateSchema',
  'DeleteSchema',
  'DeleteSchemaRevision',
  'GetSchema',
  'ListSchemaRevisions',
  'ListSchemas',
  'RollbackSchema',
  'ValidateMessage',
  'ValidateSchema',
].map((name) => refuses(name, () => unimplemented('schemas')));
