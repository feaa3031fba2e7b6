import { Infrastructure1764000000000 } from './1764000000000-infrastructure.ts';

/** Every migration, oldest first. */
export const migrations = [Infrastructure1764000000000];
