export * from './infrastructure/index.ts';
