-- A new transaction id: later than every one there is. (A snapshot only knows which ones have ended.)
select pg_current_xact_id()::text::bigint
