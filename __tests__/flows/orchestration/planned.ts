import { QueuePriority } from '../../../src/jobs/queue.ts';
import type { PlannedStep } from '../../../src/flows/plan.ts';
import fc from '../../random/property.ts';

/** A planned step, with defaults for all that a test does not care about. */
export const planned = (step: Partial<PlannedStep>): PlannedStep => ({
  name: 'step',
  kind: 'task',
  deps: [],
  transactional: false,
  conditional: false,
  queue: 'flows',
  priority: QueuePriority.NORMAL,
  attempts: 3,
  backoff: { seconds: 0 },
  timeoutSeconds: 60,
  onExhausted: 'fail',
  waitSeconds: null,
  childFlow: null,
  ...step,
});

/** Plans of up to 30 steps, each depending on any of the earlier ones. */
export const plans = fc
  .array(fc.array(fc.nat(), { maxLength: 4 }), { maxLength: 30 })
  .map((picks) => ({
    steps: picks.map((earlier, index) =>
      planned({
        name: `s${index}`,
        deps:
          index === 0
            ? []
            : [...new Set(earlier.map((pick) => `s${pick % index}`))],
      }),
    ),
  }));
