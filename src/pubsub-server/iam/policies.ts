/**
 * Who may do what with which resource: what was set by SetIamPolicy. Nothing here enforces it.
 * Policies are kept as encoded google.iam.v1.Policy.
 */
export class IamPolicies {
  readonly #policies = new Map<string, Buffer>();

  /** @param resource full name of a topic, subscription or snapshot */
  get(resource: string): Buffer | undefined {
    return this.#policies.get(resource);
  }

  set(resource: string, policy: Buffer): void {
    this.#policies.set(resource, policy);
  }

  /** With its resource, so that a new one of that name begins without a policy. */
  forget(resource: string): void {
    this.#policies.delete(resource);
  }

  /** What a server after this one needs for {@link set}. */
  entries(): IterableIterator<[resource: string, policy: Buffer]> {
    return this.#policies.entries();
  }
}
