import fc from '../../random/property.ts';

import { Model, promises } from './model.ts';
import { settings, step } from './steps.ts';

it.each(promises)('%s', (promised) => {
  fc.assert(
    fc.property(
      settings,
      fc.array(step, { maxLength: 120, size: 'max' }),
      (given, steps) => {
        const model = new Model(given);
        for (const next of steps) model.run(next);
        model.drain();
        expect(model.broken.get(promised)).toBeUndefined();
      },
    ),
    { numRuns: 150 },
  );
});
