import { useTestDatabase } from '../helpers.ts';
import { ConnectionBreaker } from '../setup/broken-connection.ts';
import { testServerUrl } from '../setup/database.ts';
import { problemsOf } from './breaking/problems.ts';
import {
  isOfFlows,
  journal,
  type Scenario,
  scenarios,
} from './breaking/scenarios.ts';
import { goOn, worldOf } from './breaking/world.ts';

const database = useTestDatabase();
let breaker: ConnectionBreaker;
let version = 0;

beforeAll(async () => {
  breaker = await ConnectionBreaker.on(testServerUrl());
  await database.con.query('create table flow_effect (key text not null)');
});
afterAll(() => breaker.off());

/** @returns the statement that was broken; `undefined` if the operation needs fewer */
const breakAt = async (
  scenario: Scenario,
  at: number,
  when: 'before' | 'after',
): Promise<string | undefined> => {
  version += 1;
  journal.calls = [];
  journal.isFailing = false;
  const world = worldOf(version, scenario.flows(version));
  await scenario.before?.(world);
  const { broken, error } = await breaker.whileBreaking(
    { at, when, counts: scenario.counts ?? isOfFlows },
    () => scenario.act(world),
  );
  if (error !== undefined) {
    if (broken === undefined) throw error as Error;
    await scenario.act(world);
  }
  await scenario.after?.(world);
  await goOn(world, scenario.state ?? 'completed');
  expect({
    at,
    when,
    broken,
    problems: await problemsOf(world, scenario, journal.calls),
  }).toEqual({ at, when, broken, problems: [] });
  return broken;
};

test.each(Object.keys(scenarios))(
  '%s survives a connection that breaks before or after any of its statements',
  async (name) => {
    const scenario = scenarios[name]!;
    for (const when of scenario.commitsOnly
      ? (['after'] as const)
      : (['before', 'after'] as const)) {
      let at = 1;
      while ((await breakAt(scenario, at, when)) !== undefined) at += 1;
      expect(at).toBeGreaterThan(1);
    }
  },
);
