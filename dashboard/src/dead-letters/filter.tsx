import { ChooseFilter, FilterBar, TextFilter } from '../parts/filters.tsx';
import type { Filter } from './documents.ts';

const sources = ['pubsub', 'job', 'flow', 'outbox', 'cdc'] as const;
const states = ['open', 'redriven', 'resolved', 'any'] as const;

const oneOf = <Value extends string>(
  values: readonly Value[],
  given: string | null,
): Value | undefined => values.find((value) => value === given);

/** The filter that the address says. */
export const filterOf = (search: URLSearchParams): Filter => {
  const source = oneOf(sources, search.get('source'));
  const text = (name: string) => search.get(name) ?? undefined;
  const payload = search.get('payload');
  return {
    state: oneOf(states, search.get('state')) ?? 'open',
    ...(source && { source }),
    subscription: text('subscription'),
    topic: text('topic'),
    fingerprint: text('fingerprint'),
    newerThan: text('newerThan'),
    olderThan: text('olderThan'),
    ...(payload !== null && { payload: [payload] }),
  };
};

/** What of the desk is looked at; all of it stands in the address. */
export const Filters = () => (
  <FilterBar label="Filter dead letters">
    <ChooseFilter name="state" label="State" options={states} initial="open" />
    <ChooseFilter
      name="source"
      label="Source"
      options={['any', ...sources]}
      initial="any"
    />
    <TextFilter name="subscription" label="Subscription or queue" />
    <TextFilter name="fingerprint" label="Fingerprint" />
    <TextFilter name="newerThan" label="Failed within" placeholder="2h" />
    <TextFilter name="payload" label="Payload" placeholder="userId=42" />
  </FilterBar>
);
