/**
 * Where hubs reach this API, without a slash at its end: `undefined` if its address is only that of this
 * machine, unless private addresses are allowed, which means that the hub is on this machine, too.
 */
export const reachableUrl = (
  publicUrl: string,
  { allowPrivate }: { readonly allowPrivate: boolean },
): string | undefined => {
  const { hostname } = new URL(publicUrl);
  const local = /^(?:localhost|127\.[\d.]+|\[::1\])$/.test(hostname);
  return local && !allowPrivate ? undefined : publicUrl.replace(/\/+$/, '');
};
