/**
 * Who may do what with which resource: what was set by SetIamPolicy. Nothing here enforces it.
 * Policies are kept as encoded google.iam.v1.Policy.
 */
export class IamPolicies {
  readonly #policies = new Map<string, Buffer>();
  /** Told of every change; undefined is a policy forgotten. */
  onChange:
    ((resource: string, policy: Buffer | undefined) => void) | undefined;

  /** @param resource full name of a topic, subscription or snapshot */
  get(resource: string): Buffer | undefined {
    return this.#policies.get(resource);
  }

  set(resource: string, policy: Buffer): void {
    this.#policies.set(resource, policy);
    this.onChange?.(resource, policy);
  }

  /** With its resource, so that a new one of that name begins without a policy. */
  forget(resource: string): void {
    if (this.#policies.delete(resource)) this.onChange?.(resource, undefined);
  }
}
