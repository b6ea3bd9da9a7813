create function @extschema@.digest(data bytea, type text) returns bytea
  language plpgsql immutable strict parallel safe set search_path = pg_catalog as $$
begin
  return case lower(type)
    when 'md5' then decode(md5(data), 'hex')
    when 'sha1' then @extschema@.pgcrypto_sha1(data)
    when 'sha224' then sha224(data)
    when 'sha256' then sha256(data)
    when 'sha384' then sha384(data)
    when 'sha512' then sha512(data)
    else @extschema@.pgcrypto_unknown_hash(type)
  end;
end $$;

create function @extschema@.pgcrypto_unknown_hash(type text) returns bytea
  language plpgsql set search_path = pg_catalog as $$
begin
  raise exception 'Cannot use "%": No such hash algorithm', type using errcode = 'invalid_parameter_value';
end $$;

create function @extschema@.digest(data text, type text) returns bytea
  language sql immutable strict parallel safe
  return @extschema@.digest(convert_to(data, getdatabaseencoding()), type);

-- RFC 2104
create function @extschema@.hmac(data bytea, key bytea, type text) returns bytea
  language plpgsql immutable strict parallel safe set search_path = pg_catalog as $$
declare
  size constant int := case when lower(type) in ('sha384', 'sha512') then 128 else 64 end;
  secret bytea := case when length(key) > size then @extschema@.digest(key, type) else key end;
  inner_pad bytea;
  outer_pad bytea;
begin
  secret := secret || decode(repeat('00', size - length(secret)), 'hex');
  inner_pad := secret;
  outer_pad := secret;
  for i in 0 .. size - 1 loop
    inner_pad := set_byte(inner_pad, i, get_byte(secret, i) # 54);
    outer_pad := set_byte(outer_pad, i, get_byte(secret, i) # 92);
  end loop;
  return @extschema@.digest(outer_pad || @extschema@.digest(inner_pad || data, type), type);
end $$;

create function @extschema@.hmac(data text, key text, type text) returns bytea
  language sql immutable strict parallel safe
  return @extschema@.hmac(convert_to(data, getdatabaseencoding()), convert_to(key, getdatabaseencoding()), type);

create function @extschema@.gen_random_uuid() returns uuid
  language sql volatile parallel safe
  return pg_catalog.gen_random_uuid();

-- Each 32 bytes come from two random UUIDs, 244 random bits.
create function @extschema@.gen_random_bytes(count integer) returns bytea
  language plpgsql volatile strict parallel safe set search_path = pg_catalog as $$
begin
  if count not between 1 and 1024 then
    raise exception 'Length not in range' using errcode = 'external_routine_invocation_exception';
  end if;
  return substr(
    (select string_agg(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), ''::bytea)
       from generate_series(1, (count + 31) / 32)), 1, count);
end $$;

create function @extschema@.fips_mode() returns boolean
  language sql immutable parallel safe
  return false;

-- What SQL cannot do exists, so that definitions using it load, and says so when it is called.
do $do$
declare
  signature text;
begin
  foreach signature in array array[
    'crypt(password text, salt text) returns text',
    'gen_salt(type text) returns text',
    'gen_salt(type text, iter_count integer) returns text',
    'encrypt(data bytea, key bytea, type text) returns bytea',
    'decrypt(data bytea, key bytea, type text) returns bytea',
    'encrypt_iv(data bytea, key bytea, iv bytea, type text) returns bytea',
    'decrypt_iv(data bytea, key bytea, iv bytea, type text) returns bytea',
    'pgp_sym_encrypt(data text, psw text) returns bytea',
    'pgp_sym_encrypt(data text, psw text, options text) returns bytea',
    'pgp_sym_encrypt_bytea(data bytea, psw text) returns bytea',
    'pgp_sym_encrypt_bytea(data bytea, psw text, options text) returns bytea',
    'pgp_sym_decrypt(msg bytea, psw text) returns text',
    'pgp_sym_decrypt(msg bytea, psw text, options text) returns text',
    'pgp_sym_decrypt_bytea(msg bytea, psw text) returns bytea',
    'pgp_sym_decrypt_bytea(msg bytea, psw text, options text) returns bytea',
    'pgp_pub_encrypt(data text, key bytea) returns bytea',
    'pgp_pub_encrypt(data text, key bytea, options text) returns bytea',
    'pgp_pub_encrypt_bytea(data bytea, key bytea) returns bytea',
    'pgp_pub_encrypt_bytea(data bytea, key bytea, options text) returns bytea',
    'pgp_pub_decrypt(msg bytea, key bytea) returns text',
    'pgp_pub_decrypt(msg bytea, key bytea, psw text) returns text',
    'pgp_pub_decrypt(msg bytea, key bytea, psw text, options text) returns text',
    'pgp_pub_decrypt_bytea(msg bytea, key bytea) returns bytea',
    'pgp_pub_decrypt_bytea(msg bytea, key bytea, psw text) returns bytea',
    'pgp_pub_decrypt_bytea(msg bytea, key bytea, psw text, options text) returns bytea',
    'pgp_key_id(data bytea) returns text',
    'armor(data bytea) returns text',
    'armor(data bytea, keys text[], vals text[]) returns text',
    'dearmor(data text) returns bytea'
  ] loop
    execute format(
      $f$create function @extschema@.%s language plpgsql volatile strict as $body$
begin
  raise exception '%s() is not available: this PostgreSQL was built without OpenSSL, and SQL cannot stand in for it'
    using errcode = 'feature_not_supported',
          hint = 'Hash passwords and encrypt outside the database (the gateway''s /auth/v1 hashes passwords), '
              || 'or use a PostgreSQL with the real pgcrypto: set PASSERELLE_DATABASE_URL, or give the embedded '
              || 'server other programs with PASSERELLE_POSTGRES_BIN.';
end $body$ $f$, signature, split_part(signature, '(', 1));
  end loop;
end $do$;
