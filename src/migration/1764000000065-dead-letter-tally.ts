import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * How many entries the desk has of each kind, so that nobody counts a hundred thousand of them to show a page. Every
 * statement on `dead_letter` adds what it changed as rows of their own: a counter that all update would make them
 * wait for each other, in an order that nobody chose. The sum of the rows is the count, in any snapshot;
 * `fold_dead_letter_tally()` makes few of many now and then.
 */
export const tallySql = [
  `create table dead_letter_tally (
     source text not null,
     subscription text not null,
     fingerprint text not null,
     state text not null,
     entries bigint not null,
     attempts bigint not null
   ) with (autovacuum_vacuum_scale_factor = 0.1)`,
  `create function tally_dead_letters() returns trigger
     language plpgsql security definer set search_path = pg_catalog, public as $$
     begin
       if tg_op = 'TRUNCATE' then
         delete from dead_letter_tally;
       elsif tg_op = 'INSERT' then
         insert into dead_letter_tally
           select source, subscription, fingerprint, state, count(*), sum(attempts)
           from added group by 1, 2, 3, 4;
       elsif tg_op = 'DELETE' then
         insert into dead_letter_tally
           select source, subscription, fingerprint, state, -count(*), -sum(attempts)
           from removed group by 1, 2, 3, 4;
       else
         insert into dead_letter_tally
           select source, subscription, fingerprint, state, sum(entries), sum(attempts)
           from (
             select source, subscription, fingerprint, state, 1 as entries, attempts from added
             union all
             select source, subscription, fingerprint, state, -1, -attempts from removed
           ) as changed
           group by 1, 2, 3, 4 having sum(entries) <> 0 or sum(attempts) <> 0;
       end if;
       return null;
     end
   $$`,
  `create trigger dead_letter_tally_insert after insert on dead_letter
     referencing new table as added for each statement execute function tally_dead_letters()`,
  `create trigger dead_letter_tally_update after update on dead_letter
     referencing old table as removed new table as added for each statement execute function tally_dead_letters()`,
  `create trigger dead_letter_tally_delete after delete on dead_letter
     referencing old table as removed for each statement execute function tally_dead_letters()`,
  `create trigger dead_letter_tally_truncate after truncate on dead_letter
     for each statement execute function tally_dead_letters()`,
  // Rows that somebody else folds right now are left to them; fewer than `at_least` are not worth it.
  `create function fold_dead_letter_tally(at_least int, at_most int) returns int
     language plpgsql security definer set search_path = pg_catalog, public as $$
     declare
       folded int;
     begin
       if (select count(*) from (select from dead_letter_tally limit at_least) as few) < at_least then
         return 0;
       end if;
       with gone as (
         delete from dead_letter_tally where ctid = any(array(
           select ctid from dead_letter_tally limit at_most for update skip locked))
         returning *
       ), kept as (
         insert into dead_letter_tally
           select source, subscription, fingerprint, state, sum(entries), sum(attempts)
           from gone group by 1, 2, 3, 4 having sum(entries) <> 0 or sum(attempts) <> 0
       )
       select count(*) into folded from gone;
       return folded;
     end
   $$`,
  `insert into dead_letter_tally
     select source, subscription, fingerprint, state, count(*), sum(attempts) from dead_letter group by 1, 2, 3, 4`,
  // The newest of a group, and its entries in the order of their page, from the oldest on.
  `create index dead_letter_group on dead_letter (subscription, fingerprint, state, last_seen_at, id)`,
  // A redrive begins with what was published first.
  `create index dead_letter_publish_time on dead_letter (publish_time, id)`,
  `create index dead_letter_group_page on dead_letter (subscription, fingerprint, state, id)`,
];

export class DeadLetterTally1764000000065 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of tallySql) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [
      'drop index dead_letter_group, dead_letter_group_page, dead_letter_publish_time',
      'drop trigger dead_letter_tally_insert on dead_letter',
      'drop trigger dead_letter_tally_update on dead_letter',
      'drop trigger dead_letter_tally_delete on dead_letter',
      'drop trigger dead_letter_tally_truncate on dead_letter',
      'drop function tally_dead_letters()',
      'drop function fold_dead_letter_tally(int, int)',
      'drop table dead_letter_tally',
    ])
      await queryRunner.query(statement);
  }
}
