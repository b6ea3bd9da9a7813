create function @extschema@.uuid_nil() returns uuid
  language sql immutable parallel safe return '00000000-0000-0000-0000-000000000000'::uuid;

-- Namespaces of RFC 9562, section 6.6
create function @extschema@.uuid_ns_dns() returns uuid
  language sql immutable parallel safe return '6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid;
create function @extschema@.uuid_ns_url() returns uuid
  language sql immutable parallel safe return '6ba7b811-9dad-11d1-80b4-00c04fd430c8'::uuid;
create function @extschema@.uuid_ns_oid() returns uuid
  language sql immutable parallel safe return '6ba7b812-9dad-11d1-80b4-00c04fd430c8'::uuid;
create function @extschema@.uuid_ns_x500() returns uuid
  language sql immutable parallel safe return '6ba7b814-9dad-11d1-80b4-00c04fd430c8'::uuid;

create function @extschema@.uuid_generate_v4() returns uuid
  language sql volatile parallel safe return gen_random_uuid();

-- RFC 9562, section 5.1: 100 ns intervals since 15 October 1582, a random clock sequence and a random node
-- with the multicast bit set. SQL does not know the machine's hardware address, so v1 is v1mc.
create function @extschema@.uuid_generate_v1mc() returns uuid
  language plpgsql volatile parallel safe set search_path = pg_catalog as $$
declare
  ticks constant text := lpad(to_hex((extract(epoch from clock_timestamp()) * 10000000)::bigint + 122192928000000000), 16, '0');
  sequence constant text := substr(gen_random_uuid()::text, 20, 4);
  node constant bytea := substr(uuid_send(gen_random_uuid()), 11, 6);
begin
  return (substr(ticks, 9, 8) || substr(ticks, 5, 4) || '1' || substr(ticks, 2, 3) || sequence
    || encode(set_byte(node, 0, get_byte(node, 0) | 1), 'hex'))::uuid;
end $$;

create function @extschema@.uuid_generate_v1() returns uuid
  language sql volatile parallel safe return @extschema@.uuid_generate_v1mc();

-- RFC 9562, sections 5.3 and 5.5: a hash with version and variant written over it
create function @extschema@.uuid_ossp_from_hash(hash bytea, version integer) returns uuid
  language plpgsql immutable strict parallel safe set search_path = pg_catalog as $$
declare
  bytes bytea := substr(hash, 1, 16);
begin
  bytes := set_byte(bytes, 6, (get_byte(bytes, 6) & 15) | (version << 4));
  bytes := set_byte(bytes, 8, (get_byte(bytes, 8) & 63) | 128);
  return encode(bytes, 'hex')::uuid;
end $$;

create function @extschema@.uuid_generate_v3(namespace uuid, name text) returns uuid
  language sql immutable strict parallel safe
  return @extschema@.uuid_ossp_from_hash(decode(md5(uuid_send(namespace) || convert_to(name, getdatabaseencoding())), 'hex'), 3);

create function @extschema@.uuid_generate_v5(namespace uuid, name text) returns uuid
  language sql immutable strict parallel safe
  return @extschema@.uuid_ossp_from_hash(
    @extschema@.uuid_ossp_sha1(uuid_send(namespace) || convert_to(name, getdatabaseencoding())), 5);
