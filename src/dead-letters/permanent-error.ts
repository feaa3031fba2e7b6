/**
 * Trying again would be pointless: what was handled goes to the dead letters at once. Subclasses
 * set a name of their own.
 */
export class PermanentError extends Error {
  override readonly name: string = 'PermanentError';
}
