SELECT state, status, answer FROM passerelle.idempotency_begin_v1($1::text, $2::text)
