import { randomBytes } from 'node:crypto';

import { status } from '@grpc/grpc-js';
import type { Root } from 'protobufjs';

import type { Broker } from '../broker/broker.ts';
import { invalidArgument, notFound, PubSubError } from '../errors.ts';
import { reflection } from '../reflection.ts';
import {
  decodeRequest,
  type Method,
  rawBytes,
  serviceBuilder,
} from '../services/method.ts';
import { normalBindings, type Policy } from './policy.ts';

interface SetIamPolicyRequest {
  resource: string;
  policy?: Policy | null;
  updateMask?: { paths: string[] } | null;
}

interface TestIamPermissionsRequest {
  resource: string;
  permissions: string[];
}

/** The messages of google.iam.v1, by reflection: no package exports codecs of them. */
class Codecs {
  readonly #root: Root;

  constructor(root: Root) {
    this.#root = root;
  }

  /** @throws PubSubError INVALID_ARGUMENT */
  read<T>(type: string, bytes: Buffer): T {
    const reflected = this.#root.lookupType(`google.iam.v1.${type}`);
    return decodeRequest(reflected, bytes) as unknown as T;
  }

  write(type: string, message: object): Buffer {
    const reflected = this.#root.lookupType(`google.iam.v1.${type}`);
    return Buffer.from(reflected.encode(reflected.create(message)).finish());
  }
}

/** @throws PubSubError NOT_FOUND, INVALID_ARGUMENT for what has no policy */
const checkExists = (broker: Broker, resource: string): void => {
  const [, , collection] = resource.split('/');
  if (collection === 'topics') broker.topic(resource);
  else if (collection === 'subscriptions') broker.subscription(resource);
  else if (collection === 'snapshots') broker.snapshot(resource);
  else if (collection === 'schemas') throw notFound(resource);
  else
    throw invalidArgument(
      `Invalid resource name given (name=${resource}). Expected projects/{project}/topics/{topic}, or a subscription, snapshot or schema.`,
    );
};

/** Of a resource whose policy was never set: an etag, field 3, and nothing else. */
const FIRST_POLICY = Buffer.from([(3 << 3) | 2, 3, 0x00, 0x20, 0x01]);

const policyOf = (broker: Broker, resource: string): Buffer => {
  checkExists(broker, resource);
  return broker.policies.get(resource) ?? FIRST_POLICY;
};

const setPolicy = (broker: Broker, codecs: Codecs, bytes: Buffer): Buffer => {
  const { resource, policy, updateMask } = codecs.read<SetIamPolicyRequest>(
    'SetIamPolicyRequest',
    bytes,
  );
  if (!policy)
    throw invalidArgument('The policy in the SetIamPolicyRequest must be set.');
  const current = codecs.read<Policy>('Policy', policyOf(broker, resource));
  const bindings = normalBindings(policy);
  if (policy.etag.length > 0 && Buffer.compare(policy.etag, current.etag) !== 0)
    throw new PubSubError(
      status.ABORTED,
      'There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.',
    );
  const changed = (field: string): boolean =>
    updateMask ? updateMask.paths.includes(field) : true;
  const encoded = codecs.write('Policy', {
    version: policy.version || 1,
    bindings: changed('bindings') ? bindings : current.bindings,
    auditConfigs: changed('audit_configs')
      ? policy.auditConfigs
      : current.auditConfigs,
    etag: randomBytes(8),
  });
  broker.policies.set(resource, encoded);
  return encoded;
};

/**
 * google.iam.v1.IAMPolicy for topics, subscriptions and snapshots: policies are kept and given back, and
 * whoever asks has every permission.
 */
export const iamMethods = (broker: Broker): readonly Method[] => {
  const { reads, changes } = serviceBuilder('google.iam.v1.IAMPolicy');
  // Loaded before a call is looked at, which then is over within one turn: no two writers pass one etag.
  const codecs = async (): Promise<Codecs> => new Codecs(await reflection());
  return [
    changes('SetIamPolicy', rawBytes, async (request) =>
      setPolicy(broker, await codecs(), request),
    ),
    reads('GetIamPolicy', rawBytes, async (request) => {
      const { resource } = (await codecs()).read<{ resource: string }>(
        'GetIamPolicyRequest',
        request,
      );
      return policyOf(broker, resource);
    }),
    reads('TestIamPermissions', rawBytes, async (request) => {
      const loaded = await codecs();
      const { resource, permissions } = loaded.read<TestIamPermissionsRequest>(
        'TestIamPermissionsRequest',
        request,
      );
      checkExists(broker, resource);
      return loaded.write('TestIamPermissionsResponse', { permissions });
    }),
  ];
};
