import { invalidArgument } from '../errors.ts';

/** google.iam.v1.Binding */
export interface Binding {
  role: string;
  members: string[];
  condition?: {
    expression: string;
    title: string;
    description: string;
    location: string;
  } | null;
}

/** google.iam.v1.Policy */
export interface Policy {
  version: number;
  bindings: Binding[];
  auditConfigs: object[];
  etag: Uint8Array;
}

/** https://cloud.google.com/iam/docs/principal-identifiers */
const MEMBER =
  /^(allUsers|allAuthenticatedUsers|(deleted:)?(user|serviceAccount|group|domain|principal|principalSet|projectOwner|projectEditor|projectViewer):.+)$/;

const ROLE = /^((projects|organizations)\/[^/]+\/)?roles\/[A-Za-z0-9_.]+$/;

/** Policies with conditions say that their writer knows conditions. */
const VERSION_WITH_CONDITIONS = 3;

const checkBinding = ({ role, members, condition }: Binding): void => {
  if (!ROLE.test(role))
    throw invalidArgument(
      `Invalid role given: expected roles/{role} or projects/{project}/roles/{role}, got: ${role}.`,
    );
  for (const member of members)
    if (!MEMBER.test(member))
      throw invalidArgument(
        `Invalid member given: expected allUsers, allAuthenticatedUsers or {type}:{id} such as serviceAccount:name@project.iam.gserviceaccount.com, got: ${member}.`,
      );
  if (condition && condition.expression === '')
    throw invalidArgument(
      `Invalid condition given for ${role}: expected an expression, got none.`,
    );
};

/**
 * The bindings as the service keeps them: one for each role and condition, no member twice, none without members.
 *
 * @throws PubSubError INVALID_ARGUMENT
 */
export const normalBindings = ({ version, bindings }: Policy): Binding[] => {
  if (version !== 0 && version !== 1 && version !== VERSION_WITH_CONDITIONS)
    throw invalidArgument(
      `Invalid policy version given: expected 1 or ${VERSION_WITH_CONDITIONS}, got: ${version}.`,
    );
  const merged = new Map<string, Binding>();
  for (const binding of bindings) {
    checkBinding(binding);
    if (binding.condition && version !== VERSION_WITH_CONDITIONS)
      throw invalidArgument(
        `Invalid policy given: expected version ${VERSION_WITH_CONDITIONS} for a policy with conditions, got: ${version}.`,
      );
    const key = JSON.stringify([binding.role, binding.condition ?? null]);
    const same = merged.get(key);
    merged.set(key, {
      ...binding,
      members: [...new Set([...(same?.members ?? []), ...binding.members])],
    });
  }
  return [...merged.values()].filter(({ members }) => members.length > 0);
};
