import { readFile } from 'node:fs/promises';

import { dashboardSchema } from '../../dashboard/schema.ts';

test('the page is checked against the schema that the API has', async () => {
  const written = await readFile('dashboard/src/api/schema.d.ts', 'utf8');
  // Made anew by: npx pnpm schemas:dashboard
  expect(written === dashboardSchema()).toBe(true);
});
