import { processes } from './processes.ts';
import type { PlannedProcess } from './processes.ts';
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

const published = (
  { publishes }: PlannedProcess,
  topics: readonly PlannedTopic[],
): readonly PlannedTopic[] =>
  topics.filter(
    ({ foreign, direct }) =>
      !foreign &&
      (publishes === 'own-topics' || (publishes === 'direct-topics' && direct)),
  );

/** A service account a process, with rights on its own topics, subscriptions and secrets alone. */
export const access = (
  settings: StackSettings,
  topics: readonly PlannedTopic[],
): Resource[] => [
  ...[...new Set(processes.flatMap(({ secrets }) => secrets))].map(
    (secret): Resource => ({
      type: 'gcp.secretmanager.Secret',
      name: secret,
      args: {
        secretId: secret,
        replication: { auto: {} },
        labels: labelsOf(settings),
      },
    }),
  ),
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
          serviceAccountId: `projects/${settings.project}/serviceAccounts/${accountEmail(settings, process)}`,
          role: 'roles/iam.workloadIdentityUser',
          member: `serviceAccount:${settings.project}.svc.id.goog[default/${process.name}]`,
        },
      },
      ...process.subscriptions.flatMap((subscription) =>
        ['subscriber', 'viewer'].map((right) => ({
          type: 'gcp.pubsub.SubscriptionIAMMember',
          name: `${process.name}-${right}-${subscription}`,
          args: { subscription, role: `roles/pubsub.${right}`, member },
        })),
      ),
      ...published(process, topics).map(({ name }) => ({
        type: 'gcp.pubsub.TopicIAMMember',
        name: `${process.name}-publisher-${name}`,
        args: { topic: name, role: 'roles/pubsub.publisher', member },
      })),
      ...process.secrets.map((secretId) => ({
        type: 'gcp.secretmanager.SecretIamMember',
        name: `${process.name}-${secretId}`,
        args: {
          secretId,
          role: 'roles/secretmanager.secretAccessor',
          member,
        },
      })),
    ];
  }),
];
