import { World } from '../../chaos/cdc/world.ts';

const isThere = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test('a part that fails on its way leaves no process, and does not wait for one that hangs', async () => {
  const world = await World.begin(undefined, 100);
  const streamer = world.cdc();
  try {
    world.load.start();
    await world.untilReceived(20);
    // Reads the slot and confirms nothing any more, for which Postgres would wait for ever.
    streamer.child.kill('SIGSTOP');
    world.broker.kill('SIGSTOP');
    await world.load.stop();
    await world.end(false);
    expect(await streamer.ended).toBe('SIGKILL');
    expect(isThere(streamer.child.pid!)).toBe(false);
    expect(isThere(world.broker.pid!)).toBe(false);
    await expect(world.query('select 1')).rejects.toThrow('ECONNREFUSED');
  } finally {
    streamer.child.kill('SIGKILL');
    world.broker.kill('SIGKILL');
  }
}, 60_000);
