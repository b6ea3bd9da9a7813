SELECT passerelle.idempotency_finish_v1($1::text, $2::text::integer, $3::text)
