import { setTimeout as delay } from 'node:timers/promises';

import { SeededRandom } from '../__tests__/pubsub-server/hostile/seeded-random.ts';
import { clientAt } from './broker.ts';
import { wounds } from './faults.ts';
import { Load } from './load.ts';
import { type Proof, prove } from './proof.ts';
import { until } from './until.ts';
import type { World } from './world.ts';

export interface Disturbance {
  /** Decides which faults come, in which order and when; what the machine does meanwhile is its own. */
  readonly seed: number;
  /** How many faults. */
  readonly faults: number;
  /** Events a second. */
  readonly rate: number;
  /** The longest pause between two faults, in milliseconds. */
  readonly pause: number;
  /** The faults end after so many minutes, even if some are left. @default no limit */
  readonly minutes?: number;
  /** The load goes on after the faults until it has begun so many transactions. @default 0 */
  readonly events?: number;
  /** Faults by name. @default all */
  readonly only?: readonly string[];
  readonly say: (line: string) => void;
}

/** The rest of a bag of names, filled again when it is empty, so that every fault comes. */
const drawFrom = (names: readonly string[], random: SeededRandom) => {
  let bag: string[] = [];
  return (): string => {
    if (bag.length === 0) bag = [...names];
    const name = random.pick(bag);
    bag = bag.filter((candidate) => candidate !== name);
    return name;
  };
};

/** Wounds the world under load, one fault after the other, and proves at the end that nothing came of it. */
export const disturb = async (
  world: World,
  {
    seed,
    faults,
    rate,
    pause,
    minutes = Infinity,
    events = 0,
    only,
    say,
  }: Disturbance,
): Promise<Proof> => {
  const random = new SeededRandom(seed);
  const pubsub = clientAt(world.pubsubAddress);
  const all = wounds(pubsub);
  const draw = drawFrom(only ?? Object.keys(all), random);
  const load = new Load(world.con, rate);
  const ends = performance.now() + minutes * 60_000;
  load.start();
  try {
    for (let fault = 1; fault <= faults; fault += 1) {
      await delay(random.integer(pause));
      if (performance.now() > ends) break;
      const name = draw();
      say(`${fault}/${faults} ${name}`);
      const wound = all[name];
      if (wound === undefined)
        throw new RangeError(
          `expected a fault of ${Object.keys(all).join('; ')}, got: ${name}`,
        );
      await wound(world, random);
    }
    await delay(pause);
    // Four times what the rate promises: the writers also wait for their commits.
    await until(
      `${events} transactions of the load`,
      60 + (4 * events) / rate,
      async () => load.begun >= events,
    );
  } finally {
    await load.stop();
    await pubsub.close();
  }
  say(
    `the load ends: ${load.rolledBack} transactions rolled back, ${load.unanswered} not answered`,
  );
  return prove(world);
};
