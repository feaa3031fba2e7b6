const gateway = async (
  url: string,
  token: string,
  query: string,
): Promise<unknown> => {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ query }),
  });
  const { data, errors } = (await response.json()) as {
    data?: unknown;
    errors?: unknown;
  };
  if (errors) throw new Error(`${query}: ${JSON.stringify(errors)}`);
  return data;
};

/** What operators did meanwhile, so that the audit log and the bulk actions have something to show. */
export const actAsOperator = async (
  url: string,
  token: string,
): Promise<void> => {
  for (const mutation of [
    `pauseQueue(queue: "cache-warming", reason: "the cache is moved to another machine")`,
    `runSchedule(name: "reconciliation", reason: "after the import")`,
    `runSchedule(name: "webhook-retry")`,
  ])
    await gateway(url, token, `mutation { ${mutation} }`);
  await gateway(
    url,
    token,
    `mutation { resolveInBulk(choice: { source: job }, rate: 5, reason: "their receivers are gone") { id } }`,
  );
  await gateway(
    url,
    token,
    `mutation { redriveDeadLetters(choice: { subscription: "api.comment-markdown" }, limit: 2, reason: "as a canary") { redriven } }`,
  );
};
