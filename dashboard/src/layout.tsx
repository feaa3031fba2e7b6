import { type ReactNode, useContext } from 'react';

import { Link, usePath } from './router.tsx';
import { OperatorContext } from './session/operator.ts';
import { signOut } from './session/session.ts';
import { ThemeToggle } from './session/theme.tsx';

export interface Section {
  readonly to: string;
  readonly name: string;
}

const isCurrent = (to: string, path: string): boolean =>
  to === '/' ? path === '/' : path === to || path.startsWith(`${to}/`);

/** The frame around every screen: where one can go, who one is. */
export const Layout = ({
  sections,
  children,
}: {
  readonly sections: readonly Section[];
  readonly children: ReactNode;
}) => {
  const path = usePath();
  const { name, rights, everyRight } = useContext(OperatorContext);
  return (
    <div className="frame">
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="side">
        <div className="brand">
          <img src="/admin/icon.svg" alt="" />
          Nightshift
        </div>
        <nav aria-label="Sections">
          <ul>
            {sections.map((section) => (
              <li key={section.to}>
                <Link
                  to={section.to}
                  aria-current={
                    isCurrent(section.to, path) ? 'page' : undefined
                  }
                >
                  {section.name}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <div className="who">
          <div>
            {name ?? 'No name given'}
            <div className="quiet">
              {everyRight
                ? 'may do everything'
                : rights.length > 1
                  ? `may ${rights.join(', ')}`
                  : 'may read only'}
            </div>
          </div>
          <div className="row">
            <ThemeToggle />
            <button type="button" className="plain" onClick={() => signOut()}>
              Sign out
            </button>
          </div>
        </div>
      </header>
      <main className="main" id="main" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
};
