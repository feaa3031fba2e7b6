import { disturb } from '../../chaos/disturb.ts';
import { World } from '../../chaos/world.ts';
import { SEED } from '../random/seed.ts';

let world: World;

beforeAll(async () => {
  world = await World.begin();
});

afterAll(() => world.end(false));

test('nothing is lost, doubled or out of order while the processes of the event path are killed', async () => {
  const faults: string[] = [];
  const { committed, findings } = await disturb(world, {
    seed: SEED,
    faults: 4,
    rate: 60,
    pause: 1_000,
    only: [
      'kill -9 of both background processes',
      'kill -9 of the Pub/Sub server',
      'stop of Postgres',
      'messages come twice',
    ],
    say: (line) => faults.push(line),
  });
  expect(faults).toHaveLength(5);
  expect(committed).toBeGreaterThan(50);
  expect(findings.filter(({ broken }) => broken > 0)).toEqual([]);
  expect(findings.length).toBeGreaterThan(5);
}, 240_000);
