export {
  expectDeadLetter,
  expectRedelivery,
  expectSuccessfulBackground,
  expectSuccessfulTypedBackground,
} from './background.ts';
export { saveFixtures } from './setup/save-fixtures.ts';
export { useTestDatabase } from './setup/use-test-database.ts';
