import type { Resource } from './resource.ts';

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
