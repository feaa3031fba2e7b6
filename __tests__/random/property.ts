import fc from 'fast-check';

import { SEED } from './seed.ts';

fc.configureGlobal({ seed: SEED });

/** fast-check, with the {@link SEED} of this run. */
export default fc;
