select passerelle.cache_forget_touches_v1($1::text[]::xid8[])
