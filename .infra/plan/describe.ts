import { access } from './access.ts';
import { messaging } from './messaging.ts';
import { monitoring } from './monitoring.ts';
import type { PlannedTopic, Resource, StackSettings } from './resource.ts';

/** Every resource of a stack that is known before anything is created. Imports nothing of Pulumi. */
export const describeStack = (
  settings: StackSettings,
  topics: readonly PlannedTopic[],
): Resource[] => [
  ...messaging(settings, topics),
  ...access(settings, topics),
  ...monitoring(settings),
];
