import * as gcp from '@pulumi/gcp';
import * as kubernetes from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';

import type { Resource } from './plan/resource.ts';

type Constructor = new (
  name: string,
  args: never,
  options?: pulumi.CustomResourceOptions,
) => pulumi.Resource;

/** Every type that the description uses, lowest first: one waits for those before it. */
const stages: readonly Readonly<Record<string, Constructor>>[] = [
  {
    'gcp.compute.Network': gcp.compute.Network,
    'gcp.pubsub.Topic': gcp.pubsub.Topic,
    'gcp.serviceaccount.Account': gcp.serviceaccount.Account,
    'gcp.secretmanager.Secret': gcp.secretmanager.Secret,
    'gcp.storage.Bucket': gcp.storage.Bucket,
    'gcp.monitoring.Dashboard': gcp.monitoring.Dashboard,
  },
  {
    'gcp.compute.GlobalAddress': gcp.compute.GlobalAddress,
    'gcp.container.Cluster': gcp.container.Cluster,
    'gcp.pubsub.Subscription': gcp.pubsub.Subscription,
    'gcp.pubsub.TopicIAMMember': gcp.pubsub.TopicIAMMember,
    'gcp.storage.BucketIAMMember': gcp.storage.BucketIAMMember,
    'gcp.secretmanager.SecretIamMember': gcp.secretmanager.SecretIamMember,
  },
  {
    'gcp.servicenetworking.Connection': gcp.servicenetworking.Connection,
    'gcp.pubsub.SubscriptionIAMMember': gcp.pubsub.SubscriptionIAMMember,
    // The pool of identities comes with the cluster.
    'gcp.serviceaccount.IAMMember': gcp.serviceaccount.IAMMember,
    'gcp.monitoring.AlertPolicy': gcp.monitoring.AlertPolicy,
  },
  { 'gcp.sql.DatabaseInstance': gcp.sql.DatabaseInstance },
  { 'gcp.sql.Database': gcp.sql.Database },
];

/** What a type is part of: a component in the state and in every preview. */
const componentOf = (type: string): string => {
  if (type.startsWith('gcp.pubsub.')) return 'Messaging';
  if (type.startsWith('gcp.monitoring.')) return 'Monitoring';
  if (/^gcp\.(serviceaccount|secretmanager|storage)\./.test(type))
    return 'Access';
  return type === 'kubernetes' ? 'Workloads' : 'Platform';
};

/** Makes each component once, when its first resource asks for it. */
const createComponents = () => {
  const made = new Map<string, pulumi.ComponentResource>();
  return (type: string): pulumi.ComponentResource => {
    const name = componentOf(type);
    const found =
      made.get(name) ??
      new pulumi.ComponentResource(
        `nightshift:infra:${name}`,
        name.toLowerCase(),
      );
    made.set(name, found);
    return found;
  };
};

/** Credentials come from gcloud's plugin: none is kept in the state. */
const kubeconfig = (cluster: gcp.container.Cluster) =>
  pulumi
    .all([cluster.endpoint, cluster.masterAuth])
    .apply(([endpoint, authority]) =>
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'nightshift',
        contexts: [
          {
            name: 'nightshift',
            context: { cluster: 'nightshift', user: 'gcloud' },
          },
        ],
        clusters: [
          {
            name: 'nightshift',
            cluster: {
              server: `https://${endpoint}`,
              'certificate-authority-data': authority.clusterCaCertificate,
            },
          },
        ],
        users: [
          {
            name: 'gcloud',
            user: {
              exec: {
                apiVersion: 'client.authentication.k8s.io/v1beta1',
                command: 'gke-gcloud-auth-plugin',
                interactiveMode: 'Never',
                provideClusterInfo: true,
              },
            },
          },
        ],
      }),
    );

/**
 * Turns a description into resources of Pulumi.
 *
 * @throws Error for a type that no stage knows.
 */
export const createResources = (description: readonly Resource[]): void => {
  const known = new Set(stages.flatMap((stage) => Object.keys(stage)));
  for (const { type, name } of description)
    if (type !== 'lookup' && type !== 'kubernetes' && !known.has(type))
      throw new Error(
        `expected a type of .infra/create.ts, got: ${type} of ${name}; add its constructor to a stage`,
      );
  for (const { type, args } of description)
    if (type === 'lookup')
      // Fails the run if the topic is missing.
      gcp.pubsub.getTopicOutput(args as unknown as gcp.pubsub.GetTopicArgs);
  const parentOf = createComponents();
  const before: pulumi.Resource[] = [];
  let cluster: gcp.container.Cluster | undefined;
  for (const stage of stages) {
    const made = description.flatMap(({ type, name, args }) => {
      const Type = stage[type];
      return Type
        ? [
            new Type(name, args as never, {
              parent: parentOf(type),
              dependsOn: [...before],
            }),
          ]
        : [];
    });
    cluster ??= made.find(
      (resource): resource is gcp.container.Cluster =>
        resource instanceof gcp.container.Cluster,
    );
    before.push(...made);
  }
  if (!cluster) throw new Error('expected a cluster in the description');
  const provider = new kubernetes.Provider('cluster', {
    kubeconfig: kubeconfig(cluster),
  });
  for (const { type, name, args } of description)
    if (type === 'kubernetes')
      new kubernetes.apiextensions.CustomResource(
        name,
        args as unknown as kubernetes.apiextensions.CustomResourceArgs,
        { parent: parentOf(type), provider, dependsOn: [...before] },
      );
};
