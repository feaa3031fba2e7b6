const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Messages without an event id have others. */
export const uuidsOf = (ids: readonly string[]): string[] =>
  ids.filter((id) => uuid.test(id));

const stepKey = /^([0-9a-f-]{36}):(.+?)(?::-?\d+)?$/;

/** The run and step of a task's key, as it stands in causes: `<run>:<step>:<index>`. */
export const stepOf = (
  cause: string,
): { readonly run: string; readonly step: string } | undefined => {
  const [, run, step] = stepKey.exec(cause) ?? [];
  return run === undefined || step === undefined ? undefined : { run, step };
};
