/** Both of the topic `soak`; the transactional one has a filter. */
export const soakSubscriptions = {
  plain: 'soak.plain',
  transactional: 'soak.transactional',
} as const;

/** One message of so many goes to the transactional worker too, and through its inbox. */
export const TRANSACTIONAL_EVERY = 40;
