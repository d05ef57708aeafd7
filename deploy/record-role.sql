-- A role for the web and the worker that cannot change the record, on PostgreSQL.
--
-- The tables belong to `otklik_owner`, who runs the migrations and nothing else; the application
-- signs in as `otklik`. Run as a superuser, once, in the database of Otklik, after
-- `flask --app wsgi database upgrade` was run by `otklik_owner`; again after each upgrade that
-- brings tables.
--
--   psql -d otklik -f deploy/record-role.sql

DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'otklik') THEN
    CREATE ROLE otklik LOGIN;  -- then: ALTER ROLE otklik PASSWORD '…'
  END IF;
END $$;

GRANT USAGE ON SCHEMA public TO otklik;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO otklik;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO otklik;

-- Written once. Of a fact, who did it may be forgotten.
REVOKE UPDATE, DELETE, TRUNCATE ON record, facts FROM otklik;
GRANT UPDATE (actor_id) ON facts TO otklik;
-- What a pseudonym means may be taken away and never changed.
REVOKE UPDATE, TRUNCATE ON pseudonyms FROM otklik;
-- The end of the chain moves and is never removed.
REVOKE DELETE, TRUNCATE ON record_head FROM otklik;
-- The application does not change tables.
REVOKE CREATE ON SCHEMA public FROM otklik;
REVOKE INSERT, UPDATE, DELETE ON alembic_version, upgrades FROM otklik;
