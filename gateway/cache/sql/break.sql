select passerelle.cache_break_v1($1)
