-- SHA-1 (RFC 3174), the one hash of pgcrypto and uuid-ossp that PostgreSQL has no function for.
-- Goes in front of both scripts; @stand_in@ keeps their names apart in one schema.
create function @extschema@.@stand_in@_sha1(data bytea) returns bytea
  language plpgsql immutable strict parallel safe set search_path = pg_catalog as $$
declare
  mask constant bigint := 4294967295;
  padded constant bytea := data || '\x80'::bytea
    || decode(repeat('00', (119 - length(data) % 64) % 64), 'hex') || int8send(length(data)::bigint * 8);
  h0 bigint := 1732584193;
  h1 bigint := 4023233417;
  h2 bigint := 2562383102;
  h3 bigint := 271733878;
  h4 bigint := 3285377520;
  a bigint; b bigint; c bigint; d bigint; e bigint;
  f bigint; k bigint; turned bigint;
  w bigint[];
begin
  for block in 0 .. length(padded) / 64 - 1 loop
    for t in 0 .. 15 loop
      w[t] := ('x' || encode(substr(padded, block * 64 + t * 4 + 1, 4), 'hex'))::bit(32)::bigint;
    end loop;
    for t in 16 .. 79 loop
      f := w[t - 3] # w[t - 8] # w[t - 14] # w[t - 16];
      w[t] := ((f << 1) | (f >> 31)) & mask;
    end loop;
    a := h0; b := h1; c := h2; d := h3; e := h4;
    for t in 0 .. 79 loop
      if t < 20 then f := (b & c) | ((b # mask) & d); k := 1518500249;
      elsif t < 40 then f := b # c # d; k := 1859775393;
      elsif t < 60 then f := (b & c) | (b & d) | (c & d); k := 2400959708;
      else f := b # c # d; k := 3395469782;
      end if;
      turned := (((a << 5) | (a >> 27)) + f + e + k + w[t]) & mask;
      e := d; d := c; c := ((b << 30) | (b >> 2)) & mask; b := a; a := turned;
    end loop;
    h0 := (h0 + a) & mask; h1 := (h1 + b) & mask; h2 := (h2 + c) & mask; h3 := (h3 + d) & mask; h4 := (h4 + e) & mask;
  end loop;
  return decode(lpad(to_hex(h0), 8, '0') || lpad(to_hex(h1), 8, '0') || lpad(to_hex(h2), 8, '0')
    || lpad(to_hex(h3), 8, '0') || lpad(to_hex(h4), 8, '0'), 'hex');
end $$;

