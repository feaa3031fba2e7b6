import { readFile } from 'node:fs/promises';

import {
  drainSeconds,
  processes,
  terminationGraceSeconds,
} from '../../.infra/plan/processes.ts';
import { debeziumImage, workloads } from '../../.infra/plan/workloads.ts';
import { loadConfig } from '../../src/config.ts';
import { settings } from './settings.ts';

const compose = await readFile('docker-compose.yml', 'utf8');
const variable = (name: string) =>
  new RegExp(`^ +${name}: '?([^'\\n]+)'?$`, 'm').exec(compose)?.[1];

/** The lines of a service, without its name. */
const service = (name: string): string => {
  const from = compose.indexOf(`\n  ${name}:\n`);
  expect(from).toBeGreaterThan(0);
  const text = compose.slice(from + name.length + 4);
  return text.slice(0, /\n {0,2}\S/.exec(text)?.index);
};
const containers = new Map(
  workloads({ ...settings, optionalSecrets: [], variables: {} }, '')
    .filter(({ name }) => name.startsWith('deployment/'))
    .map(({ name, args }) => [
      name.slice('deployment/'.length),
      (
        args as {
          spec: {
            template: { spec: { containers: [{ env: { name: string }[] }] } };
          };
        }
      ).spec.template.spec.containers[0].env.map((variable) => variable.name),
    ]),
);
const own = processes.filter(({ command }) => command !== undefined);

describe('docker-compose.yml', () => {
  test.each(own)('runs $name as production does', ({ name, command }) => {
    expect(service(name)).toContain(`command: [${command!.join(', ')}]`);
  });

  test.each(own)(
    'gives $name every variable that production has to give it, but mail and the bucket',
    ({ name }) => {
      for (const given of containers.get(name) ?? [])
        if (!/^(SMTP_URL|MAIL_\w+|EXPORT_BUCKET)$/.test(given))
          expect(variable(given)).toBeDefined();
    },
  );

  test.each(own)(
    'asks $name for its health on the port where it answers, which other containers reach',
    ({ name, port }) => {
      const inside =
        name === 'background' || name === 'api'
          ? service(name)
          : service('background');
      expect(inside).toContain(`http://127.0.0.1:${port}/health/ready`);
      expect(service(name)).toMatch(
        new RegExp(`127\\.0\\.0\\.1:\\d+:${port}'`),
      );
      // Development listens on 127.0.0.1 alone.
      expect(variable('NODE_ENV')).toBe('production');
    },
  );

  test('publishes no port twice', () => {
    const published = [...compose.matchAll(/'127\.0\.0\.1:(\d+):/g)].map(
      ([, port]) => port,
    );
    expect(new Set(published).size).toBe(published.length);
  });

  test('shares exports among the processes, owned by the user of the image', async () => {
    const home = variable('NIGHTSHIFT_HOME')!;
    expect(compose).toContain(`volumes: ['exports:${home}']`);
    const dockerfile = await readFile('Dockerfile', 'utf8');
    expect(dockerfile).toContain(`ENV NIGHTSHIFT_HOME=${home}`);
    expect(dockerfile).toMatch(
      new RegExp(`--owner=node --group=node ${home}\\nUSER node`),
    );
  });

  test('has connections for every pool', () => {
    const connections = Number(/max_connections=(\d+)/.exec(compose)?.[1]);
    expect(connections).toBeGreaterThan(
      own.length * Number(variable('DATABASE_POOL_SIZE')),
    );
  });

  test('gives the processes an environment that they accept, with the default ports', () => {
    const given = Object.fromEntries(
      [
        'NODE_ENV',
        'DATABASE_URL',
        'DATABASE_POOL_SIZE',
        'PUBLIC_URL',
        'API_SECRET',
        'OPERATOR_SECRET',
        'JOB_API_SECRET',
        'WORKER_INVOCATION_SECRET',
        'EXPORT_LINK_SECRET',
        'PUBSUB_EMULATOR_HOST',
        'PUBSUB_PROJECT_ID',
        'PORT',
        'HEALTH_PORT',
        'DRAIN_TIMEOUT_SECONDS',
      ].map((name) => [name, variable(name)]),
    );
    expect(Object.values(given)).not.toContain(undefined);
    const loaded = loadConfig(given);
    const defaults = loadConfig({});
    expect(loaded.PUBLIC_URL).toBe(defaults.PUBLIC_URL);
    expect(loaded.PORT).toBe(defaults.PORT);
    expect(loaded.HEALTH_PORT).toBe(defaults.HEALTH_PORT);
    expect(loaded.PUBSUB_PROJECT_ID).toBe(defaults.PUBSUB_PROJECT_ID);
    expect(loaded.DRAIN_TIMEOUT_SECONDS).toBe(drainSeconds);
  });

  test('waits for a drain as long as production does', () => {
    expect(compose).toContain(`stop_grace_period: ${terminationGraceSeconds}s`);
  });

  test("sets every variable that Debezium's settings name, and runs production's image", async () => {
    const settings = await readFile('debezium/application.properties', 'utf8');
    const environment = compose.slice(compose.indexOf('  debezium:'));
    for (const [, name] of settings.matchAll(/(?<!\$)\$\{([A-Z_]+)\}/g))
      expect(environment).toContain(`${name}:`);
    expect(compose).toContain(debeziumImage);
    expect(await readFile('debezium/pom.xml', 'utf8')).toContain(
      debeziumImage.split(':')[1],
    );
  });
});
