import { setFlagsFromString } from 'node:v8';

/**
 * Keeps this process as small as its work allows. V8 takes memory as fast as garbage comes and gives it back
 * late: a streamer of a large transaction, which never needs more than some megabytes at once, would grow to
 * three times of what it began with. For some more CPU time it stays: new objects have as much room as
 * they have now, and old ones are looked through whenever they have grown by so much.
 *
 * @param growthPercent by how much objects that live may grow between two collections.
 */
export const keepHeapSmall = (growthPercent = 80): void => {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString(`--heap-growing-percent=${growthPercent}`);
};
