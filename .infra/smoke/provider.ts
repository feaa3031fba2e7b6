/**
 * A provider plugin for `npx pnpm smoke:pulumi`, in the place of Google's and of Kubernetes'. What belongs to Pub/Sub it makes,
 * reads, changes and deletes on the server at PUBSUB_EMULATOR_HOST, with the requests of Google's provider. Everything
 * else is kept in Pulumi's state alone.
 */
import { isDeepStrictEqual } from 'node:util';

import { main, type Provider } from '@pulumi/pulumi/provider/index.js';

import {
  changeMember,
  type Properties,
  request,
  RestError,
} from './pubsub-rest.ts';

const project = process.env.GOOGLE_PROJECT;

/** What the resource of a URN is on the server. */
const collections: Readonly<Record<string, 'topics' | 'subscriptions'>> = {
  'gcp:pubsub/topic:Topic': 'topics',
  'gcp:pubsub/subscription:Subscription': 'subscriptions',
};
const memberships: Readonly<Record<string, 'topic' | 'subscription'>> = {
  'gcp:pubsub/topicIAMMember:TopicIAMMember': 'topic',
  'gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember': 'subscription',
};

/** Inputs whose change makes another resource of it. */
const fixed = new Set([
  'name',
  'topic',
  'filter',
  'enableMessageOrdering',
  'subscription',
  'role',
  'member',
]);

const typeOf = (urn: string): string => urn.split('::')[2]!.split('$').at(-1)!;

/** Never to expire is an empty policy in Google's API, and an empty text in Pulumi. */
const toBody = ({ expirationPolicy, ...inputs }: Properties): Properties => {
  const { ttl } = (expirationPolicy ?? {}) as { ttl?: string };
  return {
    ...inputs,
    ...(expirationPolicy === undefined
      ? {}
      : { expirationPolicy: ttl ? { ttl } : {} }),
  };
};

/** The fields of the inputs as the server has them. */
const fromBody = (inputs: Properties, body: Properties): Properties =>
  Object.fromEntries(
    Object.keys(inputs).map((key) => {
      if (key === 'name') return [key, inputs.name];
      const value = body[key];
      if (key === 'expirationPolicy')
        return [key, { ttl: '', ...(value as object | undefined) }];
      if (value !== undefined) return [key, value];
      return [key, typeof inputs[key] === 'boolean' ? false : ''];
    }),
  );

/** What other resources ask of one that nobody made. */
const madeUp: Readonly<Record<string, Properties>> = {
  'gcp:container/cluster:Cluster': {
    endpoint: '192.0.2.1',
    masterAuth: { clusterCaCertificate: '' },
  },
};

/** Inputs that differ, those that are no more too. */
const changedKeys = (urn: string, olds: Properties, news: Properties) =>
  Object.keys({ ...olds, ...news }).filter(
    (key) =>
      !isDeepStrictEqual(olds[key], news[key]) &&
      !(key in (madeUp[typeOf(urn)] ?? {})),
  );

const provider: Provider = {
  version: process.argv[2]!,
  check: (_urn, _olds, news: Properties) => Promise.resolve({ inputs: news }),
  diff: (_id, urn, olds: Properties, news: Properties) => {
    const changed = changedKeys(urn, olds, news);
    return Promise.resolve({
      changes: changed.length > 0,
      replaces: changed.filter((key) => fixed.has(key)),
      deleteBeforeReplace: true,
    });
  },
  create: async (urn, inputs: Properties) => {
    const type = typeOf(urn);
    const collection = collections[type];
    if (collection) {
      const id = `projects/${project}/${collection}/${String(inputs.name)}`;
      const { name: _name, ...body } = toBody(inputs);
      await request('PUT', id, body);
      return { id, outs: inputs };
    }
    const kind = memberships[type];
    if (kind) {
      const resource = `projects/${project}/${kind}s/${String(inputs[kind])}`;
      const { role, member } = inputs as { role: string; member: string };
      await changeMember(resource, role, member, true);
      return { id: `${resource}/${role}/${member}`, outs: inputs };
    }
    return { id: urn, outs: { ...inputs, ...madeUp[type] } };
  },
  read: async (id, urn, props: Properties) => {
    if (!collections[typeOf(urn)]) return { id, props, inputs: props };
    try {
      const inputs = fromBody(props, await request('GET', id));
      return { id, props: inputs, inputs };
    } catch (error) {
      if (error instanceof RestError && error.status === 404) return {};
      throw error;
    }
  },
  update: async (id, urn, olds: Properties, news: Properties) => {
    const collection = collections[typeOf(urn)];
    if (collection)
      await request('PATCH', id, {
        [collection.slice(0, -1)]: toBody(news),
        updateMask: changedKeys(urn, olds, news).join(','),
      });
    return { outs: { ...news, ...madeUp[typeOf(urn)] } };
  },
  delete: async (id, urn, props: Properties) => {
    const type = typeOf(urn);
    if (collections[type]) await request('DELETE', id);
    const kind = memberships[type];
    if (kind) {
      const { role, member } = props as { role: string; member: string };
      await changeMember(
        `projects/${project}/${kind}s/${String(props[kind])}`,
        role,
        member,
        false,
      );
    }
  },
  invoke: async (token, inputs: Properties) => {
    if (token !== 'gcp:pubsub/getTopic:getTopic')
      throw new Error(`expected gcp:pubsub/getTopic:getTopic, got: ${token}`);
    const id = `projects/${String(inputs.project)}/topics/${String(inputs.name)}`;
    return { outputs: { ...inputs, id, ...(await request('GET', id)) } };
  },
};

await main(provider, process.argv.slice(3));
