import { readFile } from 'node:fs/promises';

import {
  drainSeconds,
  terminationGraceSeconds,
} from '../../.infra/plan/processes.ts';
import { debeziumImage } from '../../.infra/plan/workloads.ts';
import { loadConfig } from '../../src/config.ts';

const compose = await readFile('docker-compose.yml', 'utf8');
const variable = (name: string) =>
  new RegExp(`^ +${name}: '?([^'\\n]+)'?$`, 'm').exec(compose)?.[1];

describe('docker-compose.yml', () => {
  test('gives the processes an environment that they accept, with the default ports', () => {
    const given = Object.fromEntries(
      [
        'NODE_ENV',
        'DATABASE_URL',
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
