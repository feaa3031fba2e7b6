import { readFile } from 'node:fs/promises';

import { Command } from 'commander';

import { access } from '../../.infra/plan/access.ts';
import { jobsMetric } from '../../.infra/plan/autoscalers.ts';
import { renderDebezium } from '../../.infra/plan/debezium.ts';
import { platform } from '../../.infra/plan/platform.ts';
import {
  drainSeconds,
  processes,
  secretsOf,
  terminationGraceSeconds,
} from '../../.infra/plan/processes.ts';
import type { StackSettings } from '../../.infra/plan/resource.ts';
import { workloads } from '../../.infra/plan/workloads.ts';
import { backgroundCommand } from '../../src/commands/background.ts';
import { jobsCommand } from '../../src/commands/jobs.ts';
import { personalizedDigestCommand } from '../../src/commands/personalized-digest.ts';
import { apiCommand } from '../../src/commands/api.ts';
import { loadConfig } from '../../src/config.ts';
import { settings } from './settings.ts';

interface Container {
  readonly args?: readonly string[];
  readonly env: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: unknown;
  }[];
  readonly ports: readonly { readonly containerPort: number }[];
  readonly [probe: `${string}Probe`]: {
    readonly httpGet: { readonly path: string; readonly port: number };
  };
}

interface Manifest {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly replicas?: number;
    readonly strategy: { readonly type: string };
    readonly metrics: readonly unknown[];
    readonly template: {
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly [Container];
      };
    };
  };
}

const manifests = (with_: StackSettings = settings) =>
  workloads(with_, 'properties').map(({ args }) => args as unknown as Manifest);
const named = (kind: string, name: string) =>
  manifests().find((one) => one.kind === kind && one.metadata.name === name);
const container = (name: string) =>
  named('Deployment', name)!.spec.template.spec.containers[0];

const commands = new Command().addCommand(apiCommand());
for (const command of [
  backgroundCommand(),
  jobsCommand(),
  personalizedDigestCommand(),
])
  commands.addCommand(command);

/** Of secrets that are no random text. */
const valuesOfSecrets: Readonly<Record<string, string>> = {
  DATABASE_URL: 'postgres://host/x',
  OPERATORS: '[]',
  OPERATOR_WEBHOOK_URL: 'https://chat.example/hook',
  SMTP_URL: 'smtp://host/x',
};

const own = processes.filter(({ command }) => command !== undefined);

describe('the workloads of a stack', () => {
  test.each(own)('$name runs a command that there is', ({ name, command }) => {
    const [subcommand, ...flags] = command!;
    const found = commands.commands.find((one) => one.name() === subcommand);
    for (const flag of flags)
      expect(found?.options.map(({ long }) => long)).toContain(flag);
    expect(container(name).args).toEqual(command);
  });

  test.each(own)('$name accepts its environment', ({ name, secrets, port }) => {
    const given = Object.fromEntries(
      container(name).env.map((variable) => [
        variable.name,
        variable.value ??
          valuesOfSecrets[variable.name] ??
          'a secret of enough characters',
      ]),
    );
    const config = loadConfig(given);
    expect(config.NODE_ENV).toBe('production');
    expect(name === 'api' ? config.PORT : config.HEALTH_PORT).toBe(port);
    expect(config.DRAIN_TIMEOUT_SECONDS).toBe(drainSeconds);
    expect(config.PUBSUB_EMULATOR_HOST).toBeUndefined();
    expect(Object.keys(given)).toEqual(expect.arrayContaining([...secrets]));
  });

  test('the database takes the pools of as many replicas as there may be', () => {
    const flags = JSON.stringify(
      platform(settings).find(({ type }) => type === 'gcp.sql.DatabaseInstance')
        ?.args,
    );
    const connections = Number(
      /"max_connections","value":"(\d+)"/.exec(flags)?.[1],
    );
    const pools = own.map(({ name }) =>
      Number(
        container(name).env.find(
          (variable) => variable.name === 'DATABASE_POOL_SIZE',
        )?.value,
      ),
    );
    expect(connections).toBeGreaterThan(
      settings.maximumReplicas * pools.reduce((sum, pool) => sum + pool, 0),
    );
  });

  test('the first run ends before somebody adds the values of secrets, which pods wait for', () => {
    for (const { kind, metadata } of manifests())
      expect(metadata.annotations['pulumi.com/skipAwait']).toBe(
        ['Deployment', 'Service'].includes(kind) ? 'true' : undefined,
      );
  });

  test.each(processes)(
    '$name gets its secrets from Secret Manager under the name that its pod asks for',
    (process) => {
      const { name } = process;
      const secrets = secretsOf(settings, process);
      // As Google's add-on defines them.
      expect(named('SecretProviderClass', name)).toMatchObject({
        apiVersion: 'secrets-store.csi.x-k8s.io/v1',
        spec: { provider: 'gke' },
      });
      expect(named('SecretSync', name)).toMatchObject({
        apiVersion: 'secret-sync.gke.io/v1',
        spec: {
          serviceAccountName: name,
          secretProviderClassName: name,
          secretObject: {
            data: secrets.map((secret) => ({
              sourcePath: secret,
              targetKey: secret,
            })),
          },
        },
      });
      expect(container(name).env.filter(({ valueFrom }) => valueFrom)).toEqual(
        secrets.map((key) => ({
          name: key,
          valueFrom: { secretKeyRef: { name, key } },
        })),
      );
    },
  );

  test('variables of the stack reach every process of ours, and a secret among them stops the run', () => {
    for (const { name } of own)
      expect(container(name).env).toContainEqual({
        name: 'TRACE_SAMPLE_RATIO',
        value: '0.1',
      });
    expect(() =>
      workloads({ ...settings, variables: { CRM_TOKEN: 'x' } }, ''),
    ).toThrow('CRM_TOKEN');
  });

  test('a stack without a feature has no secret for it', () => {
    const without = { ...settings, optionalSecrets: [] };
    expect(JSON.stringify(workloads(without, ''))).not.toContain('CRM_TOKEN');
    expect(JSON.stringify(access(without, []))).not.toContain('CRM_TOKEN');
  });

  test('no secret is a plain value', () => {
    for (const { name, secrets } of processes)
      for (const { name: variable, value } of container(name).env)
        if (secrets.includes(variable)) expect(value).toBeUndefined();
  });

  test.each(processes)('$name is probed where it answers', ({ name, port }) => {
    const prefix = name === 'cdc' ? '/q/health' : '/health';
    const { startupProbe, livenessProbe, readinessProbe, ports } =
      container(name);
    expect([
      startupProbe?.httpGet,
      livenessProbe?.httpGet,
      readinessProbe?.httpGet,
    ]).toEqual([
      { path: `${prefix}/live`, port },
      { path: `${prefix}/live`, port },
      { path: `${prefix}/ready`, port },
    ]);
    expect(ports).toMatchObject([{ containerPort: port }]);
  });

  test.each(processes)('$name has the time to drain', ({ name }) => {
    const { terminationGracePeriodSeconds } = named('Deployment', name)!.spec
      .template.spec;
    expect(terminationGracePeriodSeconds).toBe(terminationGraceSeconds);
    expect(terminationGracePeriodSeconds).toBeGreaterThan(drainSeconds);
  });

  test('of change data capture one replica runs, which ends before the next begins', () => {
    expect(named('Deployment', 'cdc')?.spec).toMatchObject({
      replicas: 1,
      strategy: { type: 'Recreate' },
    });
    expect(named('HorizontalPodAutoscaler', 'cdc')).toBeUndefined();
  });

  test.each(processes.filter(({ scaledBy }) => scaledBy === 'backlog'))(
    '$name is scaled on the backlog of its own subscriptions',
    ({ name, subscriptions }) => {
      expect(
        JSON.stringify(
          named('HorizontalPodAutoscaler', name)?.spec.metrics,
        ).match(/(?<="resource.labels.subscription_id":")[^"]+/g),
      ).toEqual([...subscriptions]);
    },
  );

  test('jobs are scaled on one number, which a rule makes of what every process tells', () => {
    expect(
      JSON.stringify(named('HorizontalPodAutoscaler', 'jobs')?.spec.metrics),
    ).toContain(`prometheus.googleapis.com|${jobsMetric}|gauge`);
    expect(JSON.stringify(named('Rules', 'nightshift')?.spec)).toContain(
      `"record":"${jobsMetric}"`,
    );
  });

  test('schedules have no CronJob beside the process that fires them', () => {
    expect(manifests().map(({ kind }) => kind)).not.toContain('CronJob');
    expect(container('jobs').args).not.toContain('--no-schedules');
    expect(container('background').args).toContain('--no-jobs');
  });
});

test.each(['debezium/application.properties', '.infra/application.properties'])(
  '%s is what the declaration of captured tables renders',
  async (file) => {
    const text = await readFile(file, 'utf8');
    expect(renderDebezium(text)).toBe(text);
  },
);

test('a captured table that is missing in the settings of Debezium is written into them', () => {
  const rendered = renderDebezium(
    'a=b\ndebezium.source.table.include.list=public.user\ndebezium.transforms.gone.type=x\n',
  );
  expect(rendered).toContain('table.include.list=public.user,public.post,');
  expect(rendered).toContain(
    'transforms.changes.topic.replacement=api.changes',
  );
  expect(rendered).not.toContain('gone');
  expect(rendered.startsWith('a=b\n')).toBe(true);
});

test('the costs in docs/deployment.md count what the pods request', async () => {
  const requested = (replicas: (name: string) => number): number =>
    processes
      .map(({ name, memory }) => {
        const mebibytes =
          parseFloat(memory) * (memory.endsWith('Gi') ? 1024 : 1);
        return replicas(name) * mebibytes;
      })
      .reduce((sum, each) => sum + each, 0) / 1024;
  const dev = requested(() => 1);
  const idle = requested((name) => (name === 'api' ? 2 : 1));
  const busy = requested((name) => ({ api: 2, background: 4 })[name] ?? 1);
  expect(await readFile('docs/deployment.md', 'utf8')).toContain(
    `with ${dev}, ${idle} and ${busy} GiB`,
  );
});
