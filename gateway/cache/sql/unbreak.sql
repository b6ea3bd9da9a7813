select passerelle.cache_unbreak_v1($1, make_interval(secs => $2))
