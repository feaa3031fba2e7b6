/** Schemas of all topics, as JSON: topic → schema. */
export type SchemaSnapshot = Readonly<Record<string, unknown>>;

/** How the schemas of now differ from those of the snapshot. Each line names topic and field. */
export interface SchemaDifference {
  /** New topics and new optional fields: old messages and old workers go on as before. */
  readonly additions: string[];
  /** Everything else: some message in flight, or some worker that still runs, would break. */
  readonly breaks: string[];
}

type Json = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const recordOf = (value: unknown): Json => (isRecord(value) ? value : {});

const namesOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.map(String) : [];

const keysOf = (...records: readonly Json[]): string[] =>
  [...new Set(records.flatMap((record) => Object.keys(record)))].sort();

const shown = (value: unknown): string => JSON.stringify(value) ?? 'nothing';

/** Fields by name: an old one stays as it is, a new one is optional. */
const compareFields = (
  difference: SchemaDifference,
  path: string,
  before: Json,
  after: Json,
  required: readonly string[],
): void => {
  for (const name of keysOf(before, after)) {
    const field = `${path}.${name}`;
    if (!(name in after)) difference.breaks.push(`${field} was removed`);
    else if (name in before)
      compareSchema(difference, field, before[name], after[name]);
    else if (required.includes(name))
      difference.breaks.push(`${field} is new and required`);
    else difference.additions.push(`${field} is new`);
  }
};

/** Of the fields that the snapshot knows, the same ones are required. */
const compareRequired = (
  difference: SchemaDifference,
  path: string,
  before: Json,
  after: Json,
): void => {
  const old = namesOf(before['required']);
  const now = namesOf(after['required']);
  for (const name of keysOf(recordOf(before['properties']))) {
    if (old.includes(name) && !now.includes(name))
      difference.breaks.push(`${path}.${name} is no longer required`);
    if (!old.includes(name) && now.includes(name))
      difference.breaks.push(`${path}.${name} is now required`);
  }
};

const compareSchema = (
  difference: SchemaDifference,
  path: string,
  before: unknown,
  after: unknown,
): void => {
  if (!isRecord(before) || !isRecord(after)) {
    if (shown(before) !== shown(after))
      difference.breaks.push(
        `${path} was ${shown(before)}, is ${shown(after)}`,
      );
    return;
  }
  compareRequired(difference, path, before, after);
  for (const key of keysOf(before, after)) {
    if (key === 'required') continue;
    if (key === 'properties' || key === 'fields')
      compareFields(
        difference,
        path,
        recordOf(before[key]),
        recordOf(after[key]),
        namesOf(after['required']),
      );
    else compareSchema(difference, `${path}/${key}`, before[key], after[key]);
  }
};

/**
 * Compares two snapshots strictly. Widening an enum or a bound is a break too: while versions run
 * side by side, the older worker would refuse the newer message.
 */
export const compareSnapshots = (
  before: SchemaSnapshot,
  after: SchemaSnapshot,
): SchemaDifference => {
  const difference: SchemaDifference = { additions: [], breaks: [] };
  for (const topic of keysOf(before, after)) {
    if (!(topic in after)) difference.breaks.push(`topic ${topic} was removed`);
    else if (!(topic in before))
      difference.additions.push(`topic ${topic} is new`);
    else compareSchema(difference, topic, before[topic], after[topic]);
  }
  return difference;
};
