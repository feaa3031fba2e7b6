import { createStreamer } from '../../src/cdc/streamer.ts';
import { freePort } from '../../src/local/ports.ts';
import {
  type PubSubServer,
  startPubSub,
} from '../../src/pubsub-server/index.ts';
import {
  type CaptureDatabase,
  createCaptureDatabase,
  infrastructureSql,
  logger,
} from '../cdc/set-up.ts';
import { Proxy } from '../host/supervision/proxy.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { Machine } from './nightshift.ts';

let pubsub: PubSubServer;
let database: TestDatabase;
let proxy: Proxy;
const machines: Machine[] = [];

/** The same database, behind a network that a test may break. */
const through = ({ port }: Proxy, url: string): string => {
  const address = new URL(url);
  address.host = `127.0.0.1:${port}`;
  return address.href;
};

const proxyTo = (url: string): Promise<Proxy> =>
  Proxy.to(Number(new URL(url).port));

beforeAll(async () => {
  pubsub = await startPubSub();
  database = await createTestDatabase();
  proxy = await proxyTo(database.url);
});

afterAll(async () => {
  for (const machine of machines) await machine.remove();
  await proxy.close();
  await database.drop();
  await pubsub.stop();
});

test('processes end in order when the database takes connections and answers nothing', async () => {
  const port = await freePort();
  const commands = [
    { words: ['background', '--no-jobs'], ready: 'nightshift ready' },
    { words: ['jobs'], ready: 'nightshift ready' },
    { words: ['api'], ready: `the API listens at http://127.0.0.1:${port}` },
  ];
  const processes = await Promise.all(
    commands.map(async ({ words, ready }) => {
      const machine = await Machine.prepare({
        NODE_ENV: 'test',
        LOG_LEVEL: 'info',
        DATABASE_URL: through(proxy, database.url),
        PUBSUB_EMULATOR_HOST: pubsub.address,
        DRAIN_TIMEOUT_SECONDS: '1',
        METADATA_SERVER_DETECTION: 'none',
        PORT: String(port),
      });
      machines.push(machine);
      const started = machine.start(...words);
      await started.logged(ready);
      return started;
    }),
  );
  await proxy.silence();
  for (const each of processes) each.kill('SIGTERM');
  expect(await Promise.all(processes.map((each) => each.end()))).toEqual([
    0, 0, 0,
  ]);
}, 120_000);

describe('a streamer', () => {
  let captured: CaptureDatabase;
  let network: Proxy;

  beforeAll(async () => {
    captured = await createCaptureDatabase(infrastructureSql, []);
    network = await proxyTo(captured.url);
  });
  afterAll(async () => {
    await network.close();
    await captured.drop();
  });

  it('stops when the database takes connections and answers nothing', async () => {
    const streamer = createStreamer({
      databaseUrl: through(network, captured.url),
      slot: captured.slot,
      pubsub: { projectId: 'test', emulatorHost: pubsub.address },
      logger,
      drainTimeout: 1_000,
      positionInterval: 10,
      tables: [],
    });
    await streamer.start();
    await network.silence();
    await streamer.stop();
    expect(streamer.status().state).toBe('stopped');
  }, 40_000);
});
