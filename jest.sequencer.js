import TestSequencer from '@jest/test-sequencer';

const waits = /__tests__\/(e2e|chaos)\//;

/**
 * Tests that kill processes begin first: they wait for leases to run out, while the others need the
 * processor. Begun last, one of them would keep the whole suite waiting alone.
 */
export default class WaitingFirst extends TestSequencer {
  sort(tests) {
    const sorted = super.sort([...tests]);
    const isWaiting = ({ path }) => waits.test(path);
    return [
      ...sorted.filter(isWaiting),
      ...sorted.filter((test) => !isWaiting(test)),
    ];
  }
}
