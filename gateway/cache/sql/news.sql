select breaks, ages, xids::text[] as xids, relations from passerelle.cache_news_v1()
