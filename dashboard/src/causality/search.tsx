import { type FormEvent, useEffect, useState } from 'react';

import { navigate, useSearch } from '../router.tsx';

/** What is looked for: an id of whatever kind, or a table and the key of a row. */
export interface Sought {
  readonly id: string | null;
  readonly table: string | null;
  readonly key: string | null;
}

export const useSought = (): Sought => {
  const [search] = useSearch();
  return {
    id: search.get('id'),
    table: search.get('table'),
    key: search.get('key'),
  };
};

const textOf = ({ id, table, key }: Sought): string =>
  id ?? [table, key].filter((part) => part !== null).join(' ');

const pathOf = (text: string): string => {
  const [first = '', ...rest] = text.trim().split(/\s+/);
  if (first === '') return '/causality';
  const parameters: Record<string, string> =
    rest.length === 0
      ? { id: first }
      : { table: first, key: rest.join(' ').replace(/,\s+/g, ',') };
  return `/causality?${new URLSearchParams(parameters).toString()}`;
};

/** One field: an id, or a table and a key with a space between them. What was looked for stands in the address. */
export const CausalitySearch = () => {
  const sought = useSought();
  const given = textOf(sought);
  const [text, setText] = useState(given);
  useEffect(() => setText(given), [given]);
  return (
    <form
      className="filters seek"
      role="search"
      aria-label="Look for a row or an id"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        navigate(pathOf(text));
      }}
    >
      <label className="grow">
        A table and the key of its row, or an id
        <input
          value={text}
          spellCheck={false}
          autoComplete="off"
          placeholder="post 0198c3a4-7e1c-7d52-9a37-1f0a5c1f4c11"
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <button type="submit" className="primary">
        Show
      </button>
    </form>
  );
};
