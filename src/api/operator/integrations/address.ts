/** An address without what may be secret in it: who signs in, and what is asked. */
export const shownAddress = (text: string): string => {
  const url = URL.parse(text);
  return url ? url.origin + url.pathname : 'an address that cannot be read';
};
