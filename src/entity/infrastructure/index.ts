export * from './audit-log.ts';
export * from './cdc-position.ts';
export * from './cdc-recovery.ts';
export * from './dead-letter.ts';
export * from './delivery-failure.ts';
export * from './inbox.ts';
export * from './outbox.ts';
