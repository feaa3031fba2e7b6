import { type PlannedProcess, processes, secretsOf } from './processes.ts';
import {
  labelsOf,
  type PlannedTopic,
  type Resource,
  type StackSettings,
} from './resource.ts';

/** The address of a process's service account. */
export const accountEmail = (
  { project }: StackSettings,
  { name }: PlannedProcess,
): string => `nightshift-${name}@${project}.iam.gserviceaccount.com`;

const accountName = (
  settings: StackSettings,
  process: PlannedProcess,
): string =>
  `projects/${settings.project}/serviceAccounts/${accountEmail(settings, process)}`;

const published = (
  { publishes }: PlannedProcess,
  topics: readonly PlannedTopic[],
): readonly PlannedTopic[] =>
  topics.filter(({ origin }) => origin === publishes);

/** Name of the bucket of exports; names of buckets are the whole world's. */
export const exportBucket = ({ project }: StackSettings): string =>
  `${project}-nightshift-exports`;

const bucketOf = (settings: StackSettings): Resource => ({
  type: 'gcp.storage.Bucket',
  name: 'exports',
  args: {
    name: exportBucket(settings),
    location: settings.region,
    uniformBucketLevelAccess: true,
    publicAccessPrevention: 'enforced',
    versioning: { enabled: false },
    // Data retention deletes exports; a deleted one is to be gone.
    softDeletePolicy: { retentionDurationSeconds: 0 },
    labels: labelsOf(settings),
  },
});

/** Exports are written, written again, read and deleted; links to them are signed as the account itself. */
const exportRights = (
  settings: StackSettings,
  process: PlannedProcess,
  member: string,
): Resource[] => [
  {
    type: 'gcp.storage.BucketIAMMember',
    name: `${process.name}-exports`,
    args: {
      bucket: exportBucket(settings),
      role: 'roles/storage.objectUser',
      member,
    },
  },
  {
    type: 'gcp.serviceaccount.IAMMember',
    name: `${process.name}-sign-links`,
    args: {
      serviceAccountId: accountName(settings, process),
      // Holds iam.serviceAccounts.signBlob; on no account but its own.
      role: 'roles/iam.serviceAccountTokenCreator',
      member,
    },
  },
];

/** A service account a process, with rights on its own topics, subscriptions, secrets and exports alone. */
export const access = (
  settings: StackSettings,
  topics: readonly PlannedTopic[],
): Resource[] => [
  bucketOf(settings),
  ...[
    ...new Set(processes.flatMap((process) => secretsOf(settings, process))),
  ].map((secret): Resource => ({
    type: 'gcp.secretmanager.Secret',
    name: secret,
    args: {
      secretId: secret,
      replication: { auto: {} },
      labels: labelsOf(settings),
    },
  })),
  ...processes.flatMap((process): Resource[] => {
    const member = `serviceAccount:${accountEmail(settings, process)}`;
    return [
      {
        type: 'gcp.serviceaccount.Account',
        name: process.name,
        args: { accountId: `nightshift-${process.name}` },
      },
      {
        type: 'gcp.serviceaccount.IAMMember',
        name: process.name,
        args: {
          serviceAccountId: accountName(settings, process),
          role: 'roles/iam.workloadIdentityUser',
          member: `serviceAccount:${settings.project}.svc.id.goog[default/${process.name}]`,
        },
      },
      ...process.subscriptions.map((subscription) => ({
        type: 'gcp.pubsub.SubscriptionIAMMember',
        name: `${process.name}-subscriber-${subscription}`,
        args: { subscription, role: 'roles/pubsub.subscriber', member },
      })),
      ...published(process, topics).map(({ name }) => ({
        type: 'gcp.pubsub.TopicIAMMember',
        name: `${process.name}-publisher-${name}`,
        args: { topic: name, role: 'roles/pubsub.publisher', member },
      })),
      ...secretsOf(settings, process).map((secretId) => ({
        type: 'gcp.secretmanager.SecretIamMember',
        name: `${process.name}-${secretId}`,
        args: {
          secretId,
          role: 'roles/secretmanager.secretAccessor',
          member,
        },
      })),
      ...(process.exports ? exportRights(settings, process, member) : []),
    ];
  }),
];
