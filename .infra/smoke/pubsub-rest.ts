/** A resource's inputs or outputs, by name. */
export type Properties = Readonly<Record<string, unknown>>;

/** The broker refused a request. */
export class RestError extends Error {
  override readonly name = 'RestError';

  constructor(
    request: string,
    readonly status: number,
    body: string,
  ) {
    super(`expected ${request} to succeed, got ${status}: ${body}`);
  }
}

/**
 * Asks a Pub/Sub server over REST, as Google's provider does.
 *
 * @throws RestError
 */
export const request = async (
  method: string,
  path: string,
  body?: unknown,
): Promise<Properties> => {
  const response = await fetch(
    `http://${process.env.PUBSUB_EMULATOR_HOST}/v1/${path}`,
    {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    },
  );
  const text = await response.text();
  if (!response.ok)
    throw new RestError(`${method} ${path}`, response.status, text);
  return JSON.parse(text) as Properties;
};

/** Policies are read, changed and written back: one member after the other. */
let policies: Promise<unknown> = Promise.resolve();

interface Policy {
  readonly bindings?: readonly {
    readonly role: string;
    readonly members: readonly string[];
  }[];
}

/** Adds a member to the policy of a topic or subscription, or takes it out. */
export const changeMember = (
  resource: string,
  role: string,
  member: string,
  present: boolean,
): Promise<unknown> => {
  const change = async () => {
    const policy = (await request('GET', `${resource}:getIamPolicy`)) as Policy;
    const others = (policy.bindings ?? []).filter((one) => one.role !== role);
    const members = new Set(
      policy.bindings?.find((one) => one.role === role)?.members,
    );
    if (present) members.add(member);
    else members.delete(member);
    await request('POST', `${resource}:setIamPolicy`, {
      policy: {
        ...policy,
        bindings:
          members.size === 0
            ? others
            : [...others, { role, members: [...members] }],
      },
    });
  };
  policies = policies.then(change, change);
  return policies;
};
