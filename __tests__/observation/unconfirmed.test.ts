import { Unconfirmed } from '../../src/observation/unconfirmed.ts';

const second = 1_000;

describe('seconds unconfirmed', () => {
  it('are 0 while the reader keeps up', () => {
    const unconfirmed = new Unconfirmed();
    expect(unconfirmed.look(100n, 100n, 0)).toBe(0);
    expect(unconfirmed.look(200n, 200n, 9 * second)).toBe(0);
  });

  it('count from when what waits was first seen', () => {
    const unconfirmed = new Unconfirmed();
    unconfirmed.look(100n, 50n, 0);
    expect(unconfirmed.look(300n, 50n, 10 * second)).toBe(10);
    // What was seen at 0 is confirmed, what was seen at 10 is not.
    expect(unconfirmed.look(400n, 100n, 30 * second)).toBe(20);
    expect(unconfirmed.look(400n, 400n, 31 * second)).toBe(0);
  });

  it('do not begin with an idle time before', () => {
    const unconfirmed = new Unconfirmed();
    unconfirmed.look(100n, 100n, 0);
    expect(unconfirmed.look(101n, 100n, 3_600 * second)).toBe(0);
  });

  it('begin anew when the log begins anew, as after a restore', () => {
    const unconfirmed = new Unconfirmed();
    unconfirmed.look(1_000n, 500n, 0);
    expect(unconfirmed.look(700n, 500n, 60 * second)).toBe(0);
  });

  it('are known however long a reader stands still', () => {
    const unconfirmed = new Unconfirmed();
    let seconds = 0;
    for (let look = 0; look <= 10_000; look += 1)
      seconds = unconfirmed.look(BigInt(100 + look), 50n, look * second);
    expect(seconds).toBe(10_000);
    // Half of what it passes is confirmed; what it has not passed is younger.
    seconds = unconfirmed.look(10_100n, 5_100n, 10_000 * second);
    expect(seconds).toBeGreaterThan(4_000);
    expect(seconds).toBeLessThanOrEqual(5_000);
  });
});
