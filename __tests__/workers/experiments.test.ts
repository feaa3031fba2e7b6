import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { ExperimentAllocation } from '../../src/entity/index.ts';
import experimentAllocated from '../../src/workers/experimentAllocated.ts';
import {
  createGrowthBook,
  FeaturesUnavailableError,
} from '../../src/workers/experiments/growthbook.ts';
import { workerToExperimentWorker } from '../../src/workers/experiments/worker.ts';
import { typedWorkers } from '../../src/workers/index.ts';
import {
  expectRedelivery,
  expectSuccessfulTypedBackground,
  useTestDatabase,
} from '../helpers.ts';
import { createUser } from './community.ts';

const database = useTestDatabase();
const worker = typedWorkers['api.experiment-allocated'];

const allocationsOf = (userId: string) =>
  database.con.getRepository(ExperimentAllocation).findBy({ userId });

const localFeatures = {
  GROWTHBOOK_API_HOST: undefined,
  GROWTHBOOK_CLIENT_KEY: undefined,
  GROWTHBOOK_FEATURES_FILE: 'src/workers/experiments/features.json',
};

/** GrowthBook's features endpoint, answering with one experiment that has one variation in force. */
const serveFeatures = async (variation: string) => {
  const features = {
    onboarding: {
      defaultValue: 'control',
      rules: [
        {
          key: 'onboarding-remote',
          hashAttribute: 'userId',
          variations: ['control', variation],
          weights: [0, 1],
          meta: [{ key: 'control' }, { key: variation }],
        },
      ],
    },
  };
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ status: 200, features }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { server, host: `http://127.0.0.1:${port}` };
};

describe('api.experiment-allocated', () => {
  it('has stored the allocation by the time the message is acked', async () => {
    const { id } = await createUser(database.con);
    await expectSuccessfulTypedBackground(worker, { userId: id });
    expect(await allocationsOf(id)).toEqual([
      expect.objectContaining({
        experimentKey: 'onboarding',
        variation: expect.stringMatching(/^(control|guided)$/),
      }),
    ]);
  });

  it('lets the first allocation stand, however often the message comes', async () => {
    const { id } = await createUser(database.con);
    await expectSuccessfulTypedBackground(worker, { userId: id });
    const first = await allocationsOf(id);
    await expectSuccessfulTypedBackground(worker, { userId: id });
    expect(await allocationsOf(id)).toEqual(first);
  });

  it('puts people into both variations', async () => {
    const users = await Promise.all(
      Array.from({ length: 40 }, () => createUser(database.con)),
    );
    for (const { id } of users)
      await expectSuccessfulTypedBackground(worker, { userId: id });
    const allocated = await Promise.all(
      users.map(({ id }) => allocationsOf(id)),
    );
    expect(
      [...new Set(allocated.flat().map(({ variation }) => variation))].sort(),
    ).toEqual(['control', 'guided']);
  });

  it('passes over a person who is gone', async () => {
    const userId = randomUUID();
    await expectSuccessfulTypedBackground(worker, { userId });
    expect(await allocationsOf(userId)).toEqual([]);
  });
});

describe('workerToExperimentWorker', () => {
  it('fails the handling when the allocation cannot be stored', async () => {
    const stranger = workerToExperimentWorker<'user-created'>({
      subscription: 'api.experiment-allocated',
      handler: async ({ data }, _con, _logger, _pubsub, client) => {
        // No such person: the foreign key refuses the row.
        client.featureValue('onboarding', 'control', data);
      },
    });
    await expectRedelivery(stranger, { userId: randomUUID() });
  });

  it('records nothing when the handler fails', async () => {
    const { id } = await createUser(database.con);
    const failing = workerToExperimentWorker<'user-created'>({
      subscription: 'api.experiment-allocated',
      handler: async ({ data }, _con, _logger, _pubsub, client) => {
        client.featureValue('onboarding', 'control', data);
        throw new Error('the handler failed');
      },
    });
    await expectRedelivery(failing, { userId: id });
    expect(await allocationsOf(id)).toEqual([]);
  });

  it('evaluates the features of GrowthBook’s API when a host is configured', async () => {
    const { id } = await createUser(database.con);
    const { server, host } = await serveFeatures('remote');
    const growthbook = await createGrowthBook({
      ...localFeatures,
      GROWTHBOOK_API_HOST: host,
      GROWTHBOOK_CLIENT_KEY: 'sdk-test',
    });
    try {
      await expectSuccessfulTypedBackground(
        workerToExperimentWorker(experimentAllocated, async () => growthbook),
        { userId: id },
      );
      expect(await allocationsOf(id)).toEqual([
        expect.objectContaining({
          experimentKey: 'onboarding-remote',
          variation: 'remote',
        }),
      ]);
    } finally {
      growthbook.destroy();
      server.closeAllConnections();
      server.close();
    }
  });

  it('says where it looked for features in vain', async () => {
    await expect(
      createGrowthBook({
        ...localFeatures,
        GROWTHBOOK_FEATURES_FILE: 'missing.json',
      }),
    ).rejects.toThrow(FeaturesUnavailableError);
    await expect(
      createGrowthBook({
        ...localFeatures,
        GROWTHBOOK_API_HOST: 'http://127.0.0.1:9',
        GROWTHBOOK_CLIENT_KEY: 'sdk-test',
      }),
    ).rejects.toThrow(/http:\/\/127\.0\.0\.1:9/);
  });
});
