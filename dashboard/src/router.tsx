import {
  type MouseEvent,
  type ReactNode,
  useCallback,
  useSyncExternalStore,
} from 'react';

/** Where the page is served. */
const base = '/admin';

const listeners = new Set<() => void>();
const tell = () => {
  for (const listener of listeners) listener();
};
addEventListener('popstate', tell);

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

/** Goes to an address of the page, such as `/dead-letters?state=open`. */
export const navigate = (to: string, how: 'push' | 'replace' = 'push') => {
  const url = base + to;
  if (url === location.pathname + location.search) return;
  history[how === 'push' ? 'pushState' : 'replaceState'](null, '', url);
  tell();
};

/** The path within the page, such as `/dead-letters`. */
export const usePath = (): string => {
  const path = useSyncExternalStore(subscribe, () => location.pathname);
  return path.startsWith(base) ? path.slice(base.length) || '/' : '/';
};

/** What the address says behind its question mark, and a function that changes some of it. */
export const useSearch = (): [
  URLSearchParams,
  (changes: Readonly<Record<string, string | undefined>>) => void,
] => {
  const search = useSyncExternalStore(subscribe, () => location.search);
  const change = useCallback(
    (changes: Readonly<Record<string, string | undefined>>) => {
      const next = new URLSearchParams(location.search);
      for (const [name, value] of Object.entries(changes))
        if (value === undefined || value === '') next.delete(name);
        else next.set(name, value);
      const text = next.toString();
      const path = location.pathname.slice(base.length);
      navigate(text === '' ? path : `${path}?${text}`, 'replace');
    },
    [],
  );
  return [new URLSearchParams(search), change];
};

/** Whether a click is one that the browser should not handle itself. */
const isPlain = (event: MouseEvent): boolean =>
  event.button === 0 &&
  !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);

/** A link within the page. */
export const Link = ({
  to,
  children,
  ...others
}: {
  readonly to: string;
  readonly children: ReactNode;
  readonly className?: string | undefined;
  readonly 'aria-current'?: 'page' | undefined;
}) => (
  <a
    {...others}
    href={base + to}
    onClick={(event) => {
      if (!isPlain(event)) return;
      event.preventDefault();
      navigate(to);
      scrollTo(0, 0);
    }}
  >
    {children}
  </a>
);

/** Parts of a path by a pattern such as `/jobs/:id`; `undefined` if it is another. */
export const match = (
  pattern: string,
  path: string,
): Readonly<Record<string, string>> | undefined => {
  const wanted = pattern.split('/');
  const given = path.replace(/(?<=.)\/$/, '').split('/');
  if (wanted.length !== given.length) return undefined;
  const found: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? '';
    if (part.startsWith(':')) found[part.slice(1)] = decodeURIComponent(value);
    else if (part !== value) return undefined;
  }
  return found;
};
