import { type ReactNode, useEffect, useId } from 'react';

import { Link } from '../router.tsx';

/** A screen: its title, also of the tab, what can be done on it, and its content. */
export const Page = ({
  title,
  above,
  aside,
  children,
}: {
  readonly title: string;
  /** The list that this is an item of. */
  readonly above?: { readonly to: string; readonly name: string };
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}) => {
  useEffect(() => {
    document.title = `${title} · Nightshift`;
  }, [title]);
  return (
    <>
      {above && (
        <p className="crumb">
          <Link to={above.to}>← {above.name}</Link>
        </p>
      )}
      <div className="heading">
        <h1 className="break">{title}</h1>
        {aside !== undefined && <div className="aside">{aside}</div>}
      </div>
      {children}
    </>
  );
};

/** A part of a screen with a heading. */
export const Panel = ({
  title,
  aside,
  className = '',
  children,
}: {
  readonly title: string;
  readonly aside?: ReactNode;
  readonly className?: string;
  readonly children: ReactNode;
}) => {
  const id = useId();
  return (
    <section className={`panel ${className}`} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {aside !== undefined && <div className="aside quiet">{aside}</div>}
      </header>
      {children}
    </section>
  );
};
