import type { AnyKnown } from '../dsl/definition.ts';
import { UnkeepableOutputError } from '../errors.ts';
import { interruptible } from '../execution/interruptible.ts';
import { encoded, isSkipped, knownOf, skipped } from './known.ts';
import { expand } from './own.ts';
import type { Running, StepType, TaskOutcome } from './running.ts';
import { runHandler } from './work.ts';

/** Items of one map, and bytes of all of them as JSON. */
export const mostItems = 10_000;
const largestItems = 32 * 1_048_576;

/** The first task of a map finds its items; each becomes a task. */
const findItems = async (
  running: Running,
  items: (known: AnyKnown) => unknown,
): Promise<TaskOutcome> => {
  const { flow, step } = running.task;
  const refuse = (why: string): never => {
    throw new UnkeepableOutputError(flow, step, why);
  };
  const found = await interruptible(
    (async () => items(knownOf(running)))(),
    running.signal,
  );
  if (!Array.isArray(found)) return refuse('its items are not an array');
  if (found.length > mostItems)
    refuse(`its ${found.length} items are more than ${mostItems}`);
  if (found.length === 0)
    return { type: 'ended', state: 'completed', output: 'null' };
  const kept: string[] = [];
  let bytes = 0;
  for (const item of found as unknown[]) {
    const json = encoded(running, item);
    bytes += Buffer.byteLength(json);
    if (bytes > largestItems)
      refuse(
        `its items are more than ${largestItems} bytes as JSON: ${kept.length + 1} of ${found.length} are ${bytes}`,
      );
    kept.push(json);
  }
  await expand(running, kept);
  return { type: 'written' };
};

/** A map: one task finds the items, then one task for each of them. */
export const runMap: StepType = async (running) => {
  const { work } = running.definition;
  if (work.kind !== 'map') throw new TypeError('expected a map');
  const { task } = running;
  if (task.idx >= 0)
    return runHandler(running, work.handler, {
      input: task.input,
      item: task.item,
    });
  if (isSkipped(running)) return skipped;
  return findItems(running, work.items);
};
