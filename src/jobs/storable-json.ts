/** An escape, behind an even number of backslashes, of NUL or of half a surrogate pair. */
const unstorable = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/i;

/** Whether Postgres takes this JSON as `jsonb`: it refuses NUL and halves of surrogate pairs. */
export const isStorableJson = (json: string): boolean => !unstorable.test(json);
