-- PostgreSQL folds only ASCII letters in UTF-8: this body calls "Éspion", not "éspion"
CREATE FUNCTION hidden."Éspion"(what text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN RETURN hidden.spy('folding'); END $$;
CREATE FUNCTION hidden.innocent(what text) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT hidden.Éspion(what)';
CREATE TABLE public.folded (word text);
INSERT INTO public.folded VALUES ('x');
ALTER TABLE public.folded ENABLE ROW LEVEL SECURITY;
CREATE POLICY reading ON public.folded USING (hidden.innocent(word));
GRANT SELECT ON ALL TABLES IN SCHEMA public TO attack_anon, attack_member;
