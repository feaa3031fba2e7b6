import { type FormEvent, type ReactNode, useEffect, useState } from 'react';

import { useSearch } from '../router.tsx';

/** What is looked at; all of it stands in the address. */
export const FilterBar = ({
  label,
  children,
}: {
  readonly label: string;
  readonly children: ReactNode;
}) => (
  <form
    className="filters"
    role="search"
    aria-label={label}
    onSubmit={(event: FormEvent) => event.preventDefault()}
  >
    {children}
  </form>
);

/** A field whose text becomes part of the address when Enter is pressed or it is left. */
export const TextFilter = ({
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

/** A choice that becomes part of the address. */
export const ChooseFilter = ({
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

/** The states of a list's rows, or any. */
export const StateFilter = ({
  states,
}: {
  readonly states: readonly string[];
}) => (
  <ChooseFilter
    name="state"
    label="State"
    options={['any', ...states]}
    initial="any"
  />
);

/** What the address says of a choice; `null` if it is none of these. */
export const chosen = <Option extends string>(
  search: URLSearchParams,
  name: string,
  options: readonly Option[],
): Option | null => {
  const given = search.get(name);
  return options.find((option) => option === given) ?? null;
};

/** Turns the pages of a list whose place stands in the address. */
export const Pager = ({ next }: { readonly next: string | null }) => {
  const [search, change] = useSearch();
  const after = search.get('after');
  if (after === null && next === null) return null;
  return (
    <p className="row">
      <button
        type="button"
        disabled={after === null}
        onClick={() => change({ after: undefined })}
      >
        Newest
      </button>
      <button
        type="button"
        disabled={next === null}
        onClick={() => change({ after: next ?? undefined })}
      >
        Older
      </button>
    </p>
  );
};
