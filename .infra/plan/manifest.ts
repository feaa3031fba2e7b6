import type { Resource } from './resource.ts';

/**
 * Has Pulumi go on without waiting until pods are ready: on the first run they wait for the values of secrets, which
 * somebody adds after it.
 */
export const notAwaited = { 'pulumi.com/skipAwait': 'true' } as const;

/** A Kubernetes object of the namespace `default`. */
export const manifest = (
  apiVersion: string,
  kind: string,
  name: string,
  spec: Readonly<Record<string, unknown>>,
  annotations: Readonly<Record<string, string>> = {},
): Resource => ({
  type: 'kubernetes',
  name: `${kind}/${name}`.toLowerCase(),
  args: {
    apiVersion,
    kind,
    metadata: { name, namespace: 'default', annotations },
    ...spec,
  },
});
