import { useSyncExternalStore } from 'react';

/** What an operator proves themselves by. It stays in this tab, and goes nowhere but into a header. */
export interface Session {
  readonly token: string;
  /** For the audit log, where the token does not say who it is. */
  readonly name: string;
}

const key = 'nightshift.session';
const listeners = new Set<() => void>();

const stored = (): Session | undefined => {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? '') as Session;
  } catch {
    return undefined;
  }
};

let current = stored();
/** Why the last session ended, for whoever signs in next. */
let farewell: string | undefined;

const set = (session: Session | undefined, why?: string) => {
  current = session;
  farewell = why;
  if (session) sessionStorage.setItem(key, JSON.stringify(session));
  else sessionStorage.removeItem(key);
  for (const listener of listeners) listener();
};

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

export const signIn = (session: Session): void => set(session);
export const signOut = (why?: string): void => set(undefined, why);
export const session = (): Session | undefined => current;
export const useSession = (): Session | undefined =>
  useSyncExternalStore(subscribe, session);
export const useFarewell = (): string | undefined =>
  useSyncExternalStore(subscribe, () => farewell);
