insert into passerelle.migrations (set, name, checksum, duration)
values ($1, $2, $3, $4)
returning name, checksum, applied_at, duration
