-- What files may count on, and one run at a time. Locks are per database, so one key serves all sets: files of two
-- sets may touch the same objects. The lock is the transaction's, so that no pooler on the way can misplace it.
set local statement_timeout = 0;
set local timezone = 'UTC';
set local search_path = public, extensions;
set local check_function_bodies = on;
select pg_advisory_xact_lock(31639471770006892);
