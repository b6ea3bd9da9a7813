-- Settings for the rest of the transaction, from a JSON object of names and values, in its order.
select count(pg_catalog.set_config(key, value, true)) from pg_catalog.json_each_text($1::json)
