import { Infrastructure1764000000000 } from './1764000000000-infrastructure.ts';
import { Domain1764000000001 } from './1764000000001-domain.ts';
import { Publication1764000000002 } from './1764000000002-publication.ts';

/** Every migration, oldest first. */
export const migrations = [
  Infrastructure1764000000000,
  Domain1764000000001,
  Publication1764000000002,
];
