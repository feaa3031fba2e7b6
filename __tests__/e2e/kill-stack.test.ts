import { queryRows } from './community.ts';
import {
  isAlive,
  Machine,
  type NightshiftProcess,
  until,
} from './nightshift.ts';

let machine: Machine;

beforeEach(async () => {
  machine = await Machine.prepare();
});

afterEach(() => machine.remove());

const startBackground = async (): Promise<
  readonly [NightshiftProcess, databaseUrl: string]
> => {
  const background = machine.start('dev', 'background');
  const ready = await background.logged('nightshift ready');
  return [background, String(ready.postgres)];
};

test('kill -9 of the stack takes Postgres along, and the next start works and finds the data', async () => {
  const [first, firstUrl] = await startBackground();
  await queryRows(firstUrl, 'create table kept ()');
  const { stack, postgres } = await machine.stackPids();
  process.kill(stack, 'SIGKILL');
  expect(await first.end()).toBe(1);
  await until(() => !isAlive(postgres));
  const [background, url] = await startBackground();
  await background.logged(
    'an earlier stack was killed: its Pub/Sub server goes on with everything it had answered for',
  );
  await expect(queryRows(url, 'select from kept')).resolves.toEqual([]);
  background.interrupt();
  expect(await background.end()).toBe(0);
});

test('kill -9 of stack and Postgres guard at once: the orphan is found, reported and stopped', async () => {
  const [first] = await startBackground();
  const { stack, postgres } = await machine.stackPids();
  process.kill(stack, 'SIGSTOP');
  // The guard is the only shell in Postgres's process group.
  await machine.killGuard(postgres);
  process.kill(stack, 'SIGKILL');
  expect(await first.end()).toBe(1);
  expect(isAlive(postgres)).toBe(true);
  const [second] = await startBackground();
  await second.logged(
    'an earlier stack was killed: stopped the Postgres that it left',
  );
  expect(isAlive(postgres)).toBe(false);
  second.interrupt();
  expect(await second.end()).toBe(0);
});
