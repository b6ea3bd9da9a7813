select name, checksum, applied_at, duration from passerelle.migrations where set = $1
