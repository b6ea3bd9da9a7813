select breaks, ages, xids::text[] as xids, relations, pg_snapshot_xmin(pg_current_snapshot())::text::bigint as oldest
from passerelle.cache_news_v1()
