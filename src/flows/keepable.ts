import { largestPayload } from '../jobs/resolve.ts';
import { isStorableJson } from '../jobs/storable-json.ts';

/** A value as JSON, or why it cannot be kept. */
export const keepable = (
  value: unknown,
): { readonly json: string } | { readonly problem: string } => {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (error) {
    return { problem: `JSON cannot hold it (${String(error)})` };
  }
  // What JSON leaves out is nothing.
  if (json === undefined) return { json: 'null' };
  const bytes = Buffer.byteLength(json);
  if (bytes > largestPayload)
    return {
      problem: `its ${bytes} bytes as JSON are more than ${largestPayload}`,
    };
  if (!isStorableJson(json))
    return { problem: 'Postgres stores neither NUL nor half a character' };
  return { json };
};
