import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import type { INamespace, Root } from 'protobufjs';

import { iamDescriptor } from './iam/descriptor.ts';

const load = async (): Promise<Root> => {
  const path = createRequire(import.meta.url).resolve(
    '@google-cloud/pubsub-api/build/protos/protos.json',
  );
  const [{ default: protobuf }, text] = await Promise.all([
    import('protobufjs'),
    readFile(path, 'utf8'),
  ]);
  const descriptor = JSON.parse(text) as { nested: { google: INamespace } };
  Object.assign(descriptor.nested.google.nested ?? {}, iamDescriptor);
  const root = protobuf.Root.fromJSON(descriptor);
  root.resolveAll();
  return root;
};

let loading: Promise<Root> | undefined;

/**
 * Services, messages and HTTP annotations of google.pubsub.v1 and google.iam.v1. Read once, with the first call
 * that needs them (about 70 ms): gRPC alone does without, and the server starts without.
 */
export const reflection = (): Promise<Root> => (loading ??= load());
