import type { Change, Difference } from './plan.ts';

const shown = (value: unknown): string => JSON.stringify(value) ?? 'none';

const differencesOf = (differences: readonly Difference[]): string =>
  differences
    .map(
      ({ setting, declared, live }) =>
        `${setting} ${shown(live)} → ${shown(declared)}`,
    )
    .join(', ');

/** One line that says what the change does, or why it cannot be made and what to do. */
export const describeChange = (change: Change): string => {
  switch (change.kind) {
    case 'create-topic':
      return `create topic ${change.topic}`;
    case 'create-subscription':
      return `create subscription ${change.subscription} on ${change.settings.topic}`;
    case 'update-subscription':
      return `update subscription ${change.subscription}: ${differencesOf(change.differences)}`;
    case 'fixed-difference':
      return (
        `cannot change subscription ${change.subscription}: ${differencesOf(change.differences)} ` +
        'is fixed at creation; declare a subscription of another name, or delete this one ' +
        '(its backlog is lost) and provision again'
      );
    case 'missing-foreign-topic':
      return (
        `topic ${change.topic} is missing and belongs to another system; ` +
        'its owner has to create it'
      );
  }
};
