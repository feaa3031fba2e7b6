import { accountEmail, exportBucket } from './access.ts';
import { autoscalers } from './autoscalers.ts';
import { manifest, notAwaited } from './manifest.ts';
import {
  drainSeconds,
  type PlannedProcess,
  poolSize,
  processes,
  secretsOf,
  terminationGraceSeconds,
} from './processes.ts';
import { labelsOf, type Resource, type StackSettings } from './resource.ts';

/** Debezium Server, of the version that `debezium/pom.xml` names. */
export const debeziumImage = 'quay.io/debezium/server:3.6.3.Final';

const probesOf = ({ name, port }: PlannedProcess) => {
  const prefix = name === 'cdc' ? '/q/health' : '/health';
  const probe = (path: string) => ({
    httpGet: { path: `${prefix}/${path}`, port },
    periodSeconds: 10,
    timeoutSeconds: 5,
  });
  return {
    startupProbe: { ...probe('live'), failureThreshold: 30 },
    livenessProbe: probe('live'),
    readinessProbe: probe('ready'),
  };
};

/** @throws Error for a secret, which would stand in the stack's file for all to read. */
const plainVariables = ({ variables }: StackSettings) => {
  const secret = processes
    .flatMap(({ secrets, optionalSecrets }) => [...secrets, ...optionalSecrets])
    .find((name) => name in variables);
  if (secret !== undefined)
    throw new Error(
      `expected variables of the stack without secrets, got: ${secret}; name it in optionalSecrets and give its value to Secret Manager`,
    );
  return variables;
};

const variables = (settings: StackSettings, process: PlannedProcess) => ({
  PUBSUB_PROJECT_ID: settings.project,
  ...(process.name === 'cdc'
    ? {}
    : {
        ...plainVariables(settings),
        NODE_ENV: 'production',
        [process.name === 'api' ? 'PORT' : 'HEALTH_PORT']: String(process.port),
        DRAIN_TIMEOUT_SECONDS: String(drainSeconds),
        DATABASE_POOL_SIZE: String(poolSize),
        PUBLIC_URL: settings.publicUrl,
        ...(process.secrets.includes('SMTP_URL')
          ? { MAIL_TRANSPORT: 'smtp', MAIL_FROM: settings.mailFrom }
          : {}),
        ...(process.exports ? { EXPORT_BUCKET: exportBucket(settings) } : {}),
      }),
});

const deployment = (
  settings: StackSettings,
  process: PlannedProcess,
): Resource => {
  const { name, command, port, scaledBy } = process;
  const labels = { ...labelsOf(settings), process: name };
  const debezium = command === undefined;
  return manifest(
    'apps/v1',
    'Deployment',
    name,
    {
      spec: {
        // The autoscaler owns the number of replicas where there is one.
        ...(scaledBy === 'none' ? { replicas: 1 } : {}),
        // Two would fight over the replication slot.
        strategy: { type: scaledBy === 'none' ? 'Recreate' : 'RollingUpdate' },
        selector: { matchLabels: { process: name } },
        template: {
          metadata: { labels },
          spec: {
            serviceAccountName: name,
            terminationGracePeriodSeconds: terminationGraceSeconds,
            securityContext: { runAsNonRoot: true, runAsUser: 1000 },
            containers: [
              {
                name,
                image: debezium ? debeziumImage : settings.image,
                ...(command && { args: [...command] }),
                ports: [{ name: 'health', containerPort: port }],
                env: [
                  ...Object.entries(variables(settings, process)).map(
                    ([variable, value]) => ({ name: variable, value }),
                  ),
                  ...secretsOf(settings, process).map((secret) => ({
                    name: secret,
                    valueFrom: { secretKeyRef: { name, key: secret } },
                  })),
                ],
                resources: {
                  requests: { cpu: '500m', memory: process.memory },
                },
                ...probesOf(process),
                ...(debezium
                  ? {
                      volumeMounts: [
                        { name: 'config', mountPath: '/debezium/config' },
                      ],
                    }
                  : {}),
              },
            ],
            ...(debezium
              ? {
                  volumes: [
                    { name: 'config', configMap: { name: 'debezium' } },
                  ],
                }
              : {}),
          },
        },
      },
    },
    notAwaited,
  );
};

/** Secrets of Secret Manager as a secret of the cluster, made by its Secret Manager add-on. */
const secretResources = (
  settings: StackSettings,
  process: PlannedProcess,
): Resource[] => {
  const { name } = process;
  const secrets = secretsOf(settings, process);
  return [
    manifest('secrets-store.csi.x-k8s.io/v1', 'SecretProviderClass', name, {
      spec: {
        provider: 'gke',
        parameters: {
          secrets: JSON.stringify(
            secrets.map((secret) => ({
              resourceName: `projects/${settings.project}/secrets/${secret}/versions/latest`,
              path: secret,
            })),
          ),
        },
      },
    }),
    manifest('secret-sync.gke.io/v1', 'SecretSync', name, {
      spec: {
        serviceAccountName: name,
        secretProviderClassName: name,
        secretObject: {
          type: 'Opaque',
          data: secrets.map((secret) => ({
            sourcePath: secret,
            targetKey: secret,
          })),
        },
      },
    }),
  ];
};

/**
 * Manifests of the processes.
 *
 * @param debeziumProperties Text of `.infra/application.properties`.
 */
export const workloads = (
  settings: StackSettings,
  debeziumProperties: string,
): Resource[] => [
  manifest('v1', 'ConfigMap', 'debezium', {
    data: { 'application.properties': debeziumProperties },
  }),
  ...processes.flatMap((process) => [
    manifest(
      'v1',
      'ServiceAccount',
      process.name,
      {},
      {
        'iam.gke.io/gcp-service-account': accountEmail(settings, process),
      },
    ),
    ...secretResources(settings, process),
    deployment(settings, process),
    ...(process.name === 'cdc'
      ? []
      : [
          manifest(
            'monitoring.googleapis.com/v1',
            'PodMonitoring',
            process.name,
            {
              spec: {
                selector: { matchLabels: { process: process.name } },
                endpoints: [{ port: 'health', interval: '30s' }],
              },
            },
          ),
        ]),
  ]),
  ...autoscalers(settings),
  manifest(
    'v1',
    'Service',
    'api',
    {
      spec: {
        selector: { process: 'api' },
        ports: [{ port: 80, targetPort: 'health' }],
      },
    },
    notAwaited,
  ),
];
