import { doctorCommand } from '../../src/commands/doctor.ts';
import { startPubSub } from '../../src/pubsub-server/index.ts';
import { createTestDatabase } from '../setup/database.ts';
import { runCommand } from './run-command.ts';

describe('nightshift doctor', () => {
  it('exits with 1, says what is broken and which command mends it', async () => {
    const database = await createTestDatabase();
    const server = await startPubSub();
    process.env.DATABASE_URL = database.url;
    process.env.PUBSUB_EMULATOR_HOST = server.address;
    try {
      const { exitCode, output } = await runCommand(doctorCommand());
      expect(exitCode).toBe(1);
      expect(output).toMatch(/ok +schema/);
      expect(output).toMatch(
        /BROKEN +slot .*is missing.*\n +→ nightshift migrate/,
      );
      expect(output).toMatch(/\d+ things are broken$/);

      const json = await runCommand(doctorCommand(), '--json');
      expect(json.exitCode).toBe(1);
      const { healthy, findings } = JSON.parse(json.output);
      expect(healthy).toBe(false);
      expect(findings).toContainEqual(
        expect.objectContaining({
          check: 'slot',
          level: 'broken',
          remedy: 'nightshift migrate',
        }),
      );
    } finally {
      await server.stop();
      await database.drop();
    }
  });
});
