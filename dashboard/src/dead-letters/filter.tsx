import { type FormEvent, useEffect, useState } from 'react';

import { useSearch } from '../router.tsx';
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

/** A field whose text becomes part of the address when Enter is pressed or it is left. */
const TextFilter = ({
  name,
  label,
  placeholder,
}: {
  readonly name: string;
  readonly label: string;
  readonly placeholder?: string;
}) => {
  const [search, change] = useSearch();
  const given = search.get(name) ?? '';
  const [text, setText] = useState(given);
  useEffect(() => setText(given), [given]);
  const apply = () => change({ [name]: text.trim(), after: undefined });
  return (
    <label>
      {label}
      <input
        value={text}
        placeholder={placeholder}
        onChange={(event) => setText(event.target.value)}
        onBlur={apply}
        onKeyDown={(event) => {
          if (event.key === 'Enter') apply();
        }}
      />
    </label>
  );
};

const Choose = ({
  name,
  label,
  options,
  initial,
}: {
  readonly name: string;
  readonly label: string;
  readonly options: readonly string[];
  /** What an address without it means. */
  readonly initial: string;
}) => {
  const [search, change] = useSearch();
  return (
    <label>
      {label}
      <select
        value={search.get(name) ?? initial}
        onChange={(event) =>
          change({
            [name]:
              event.target.value === initial ? undefined : event.target.value,
            after: undefined,
          })
        }
      >
        {options.map((option) => (
          <option key={option}>{option}</option>
        ))}
      </select>
    </label>
  );
};

/** What of the desk is looked at; all of it stands in the address. */
export const Filters = () => (
  <form
    className="filters"
    role="search"
    aria-label="Filter dead letters"
    onSubmit={(event: FormEvent) => event.preventDefault()}
  >
    <Choose name="state" label="State" options={states} initial="open" />
    <Choose
      name="source"
      label="Source"
      options={['any', ...sources]}
      initial="any"
    />
    <TextFilter name="subscription" label="Subscription or queue" />
    <TextFilter name="fingerprint" label="Fingerprint" />
    <TextFilter name="newerThan" label="Failed within" placeholder="2h" />
    <TextFilter name="payload" label="Payload" placeholder="userId=42" />
  </form>
);
