import { Fragment, type ReactNode } from 'react';

/** What is known of one thing: names with their values; what is `false` is left out. */
export const Facts = ({
  of,
}: {
  readonly of: readonly (readonly [name: string, value: ReactNode] | false)[];
}) => (
  <dl className="facts">
    {of
      .filter((fact) => fact !== false)
      .map(([name, value]) => (
        <Fragment key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </Fragment>
      ))}
  </dl>
);
