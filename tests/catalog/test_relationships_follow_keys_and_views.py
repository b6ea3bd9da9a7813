"""Keys in, relationships out. Tables of relations are written as columns numbered from 1."""

from __future__ import annotations

import pytest

from gateway.catalog import Cardinality, Name, Relationship
from gateway.catalog.relationships import Keys, primary_keys, relationships
from gateway.catalog.rows import ComputedRow, ForeignKey, RelationRow, UniqueKey
from tests.catalog.catalog_scripts import LoadScript


def relation(oid: int, name: str, *columns: str, kind: str = "r", schema: str = "api") -> RelationRow:
    return RelationRow(oid, schema, name, kind, False, None, None, dict(enumerate(columns, 1)))


FILMS = relation(1, "films", "id", "title", "director_id", "sequel_of")
DIRECTORS = relation(2, "directors", "id", "name")
ACTORS = relation(3, "actors", "id", "name")
ROLES = relation(4, "roles", "film_id", "actor_id", "character")
SPECS = relation(5, "specs", "film_id", "fps")
HIDDEN = relation(6, "hidden", "id", "film_id", schema="private")
DIRECTED = ForeignKey("films_director", 1, 2, ((3, 1),))
SEQUEL = ForeignKey("films_sequel", 1, 1, ((4, 1),))
ROLE_FILM = ForeignKey("roles_film", 4, 1, ((1, 1),))
ROLE_ACTOR = ForeignKey("roles_actor", 4, 3, ((2, 1),))
SPEC = ForeignKey("specs_film", 5, 1, ((1, 1),))
PRIMARY = [UniqueKey(1, (1,), True), UniqueKey(2, (1,), True), UniqueKey(3, (1,), True)]


def keys(
    relations: list[RelationRow],
    foreign: list[ForeignKey],
    unique: list[UniqueKey] | None = None,
    provenance: dict[int, dict[tuple[int, int], tuple[int, ...]]] | None = None,
) -> Keys:
    return Keys({row.oid: row for row in relations}, foreign, unique or PRIMARY, provenance or {})


def described(found: dict[Name, tuple[Relationship, ...]]) -> set[str]:
    return {_described(relationship) for listed in found.values() for relationship in listed}


def _described(relationship: Relationship) -> str:
    text = f"{relationship.origin.name} {relationship.cardinality.value} {relationship.target.name}"
    if relationship.function is not None:
        return f"{text} by {relationship.function.name}()"
    if relationship.junction is not None:
        junction = relationship.junction
        near = ",".join(f"{a}={b}" for a, b in junction.origin_columns)
        far = ",".join(f"{a}={b}" for a, b in junction.target_columns)
        return f"{text} through {junction.table.name} {near} {far}"
    return f"{text} by {relationship.constraint} {','.join(f'{a}={b}' for a, b in relationship.columns)}"


CASES = {
    "a foreign key and its inverse": (
        keys([FILMS, DIRECTORS], [DIRECTED]),
        {
            "films many-to-one directors by films_director director_id=id",
            "directors one-to-many films by films_director id=director_id",
        },
    ),
    "a foreign key that is the primary key": (
        keys([FILMS, SPECS], [SPEC], [*PRIMARY, UniqueKey(5, (1,), True)]),
        {
            "specs one-to-one films by specs_film film_id=id",
            "films one-to-one specs by specs_film id=film_id",
        },
    ),
    "a unique constraint over more than the foreign key": (
        keys([FILMS, SPECS], [SPEC], [*PRIMARY, UniqueKey(5, (1, 2), False)]),
        {
            "specs many-to-one films by specs_film film_id=id",
            "films one-to-many specs by specs_film id=film_id",
        },
    ),
    "two columns, unique in another order": (
        keys(
            [ROLES, relation(7, "costumes", "actor_id", "film_id")],
            [ForeignKey("worn", 7, 4, ((2, 1), (1, 2)))],
            [UniqueKey(7, (1, 2), False)],
        ),
        {
            "costumes one-to-one roles by worn film_id=film_id,actor_id=actor_id",
            "roles one-to-one costumes by worn film_id=film_id,actor_id=actor_id",
        },
    ),
    "a self reference": (
        keys([FILMS], [SEQUEL]),
        {
            "films many-to-one films by films_sequel sequel_of=id",
            "films one-to-many films by films_sequel id=sequel_of",
        },
    ),
    "a junction": (
        keys([FILMS, ACTORS, ROLES], [ROLE_FILM, ROLE_ACTOR], [*PRIMARY, UniqueKey(4, (1, 2), True)]),
        {
            "roles many-to-one films by roles_film film_id=id",
            "films one-to-many roles by roles_film id=film_id",
            "roles many-to-one actors by roles_actor actor_id=id",
            "actors one-to-many roles by roles_actor id=actor_id",
            "films many-to-many actors through roles id=film_id id=actor_id",
            "actors many-to-many films through roles id=actor_id id=film_id",
        },
    ),
    "a junction with a wider primary key": (
        keys([FILMS, ACTORS, ROLES], [ROLE_FILM, ROLE_ACTOR], [*PRIMARY, UniqueKey(4, (1, 2, 3), True)]),
        {
            "roles many-to-one films by roles_film film_id=id",
            "films one-to-many roles by roles_film id=film_id",
            "roles many-to-one actors by roles_actor actor_id=id",
            "actors one-to-many roles by roles_actor id=actor_id",
            "films many-to-many actors through roles id=film_id id=actor_id",
            "actors many-to-many films through roles id=actor_id id=film_id",
        },
    ),
    "no junction: the columns are only unique": (
        keys([FILMS, ACTORS, ROLES], [ROLE_FILM, ROLE_ACTOR], [*PRIMARY, UniqueKey(4, (1, 2), False)]),
        {
            "roles many-to-one films by roles_film film_id=id",
            "films one-to-many roles by roles_film id=film_id",
            "roles many-to-one actors by roles_actor actor_id=id",
            "actors one-to-many roles by roles_actor id=actor_id",
        },
    ),
    "a junction that is not exposed": (
        keys([FILMS, ACTORS], [ROLE_FILM, ROLE_ACTOR], [*PRIMARY, UniqueKey(4, (1, 2), True)]),
        set[str](),
    ),
    "a table that is not exposed": (keys([FILMS], [ForeignKey("secret", 6, 1, ((2, 1),))]), set[str]()),
    "a view on the referencing side": (
        keys(
            [DIRECTORS, relation(8, "movies", "id", "by", kind="v")],
            [DIRECTED],
            provenance={8: {(1, 1): (1,), (1, 3): (2,)}},
        ),
        {
            "movies many-to-one directors by films_director by=id",
            "directors one-to-many movies by films_director id=by",
        },
    ),
    "views on both sides and a column shown twice": (
        keys(
            [relation(8, "movies", "a", "b", kind="v"), relation(9, "people", "p", kind="m")],
            [DIRECTED],
            provenance={8: {(1, 3): (1, 2)}, 9: {(2, 1): (1,)}},
        ),
        {
            "movies many-to-one people by films_director a=p",
            "movies many-to-one people by films_director b=p",
            "people one-to-many movies by films_director p=a",
            "people one-to-many movies by films_director p=b",
        },
    ),
    "a view that shows half a key": (
        keys(
            [ROLES, relation(8, "halves", "film_id", kind="v")],
            [ForeignKey("worn", 7, 4, ((2, 1), (1, 2)))],
            provenance={8: {(7, 2): (1,)}},
        ),
        set[str](),
    ),
    "a view as junction": (
        keys(
            [FILMS, ACTORS, relation(8, "casts", "f", "a", kind="v")],
            [ROLE_FILM, ROLE_ACTOR],
            [*PRIMARY, UniqueKey(4, (1, 2), True)],
            {8: {(4, 1): (1,), (4, 2): (2,)}},
        ),
        {
            "casts many-to-one films by roles_film f=id",
            "films one-to-many casts by roles_film id=f",
            "casts many-to-one actors by roles_actor a=id",
            "actors one-to-many casts by roles_actor id=a",
            "films many-to-many actors through casts id=f id=a",
            "actors many-to-many films through casts id=a id=f",
        },
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_relationships(case: str) -> None:
    given, expected = CASES[case]

    assert described(relationships(given, (), {})) == expected


def test_a_computed_relationship_replaces_those_it_is_named_like() -> None:
    given = keys([FILMS, DIRECTORS], [DIRECTED])
    computed = [
        ComputedRow(100, "api", "directors", 1, 2, True),
        ComputedRow(101, "api", "peers", 2, 2, False),
        ComputedRow(102, "private", "films", 2, 1, False),
    ]
    found = relationships(given, computed, {101: "a reason"})

    assert described(found) == {
        "films many-to-one directors by directors()",
        "directors one-to-many films by films_director id=director_id",
        "directors one-to-many directors by peers()",
        "directors one-to-many films by films()",
    }
    by_name = {r.constraint: r for listed in found.values() for r in listed if r.function}
    assert by_name["directors"].to_one
    assert not by_name["peers"].to_one
    assert by_name["peers"].is_self
    assert by_name["peers"].opaque == "a reason"


def test_primary_keys_of_tables_are_sorted_and_of_views_traced() -> None:
    view = relation(8, "wide", "x", "a", "f", "again", "title", kind="v")
    given = keys(
        [relation(4, "roles", "film_id", "actor_id"), view, relation(9, "part", "f", kind="v")],
        [],
        [UniqueKey(4, (1, 2), True), UniqueKey(1, (1,), True)],
        {8: {(4, 1): (3, 4), (4, 2): (2,), (1, 1): (1,)}, 9: {(4, 1): (1,)}},
    )

    assert primary_keys(given) == {4: ("actor_id", "film_id"), 8: ("f", "a", "x")}


async def test_views_are_traced_in_the_database(load_script: LoadScript) -> None:
    catalog = await load_script(
        """
        create schema api; create schema inner_views; create schema unseen;
        create table unseen.directors (id int primary key, name text);
        create table unseen.films (id int primary key, title text, director_id int references unseen.directors);
        create view api.directors as select * from unseen.directors;
        create view inner_views.films as select f.*, d.name from unseen.films f join unseen.directors d on d.id = f.id;
        create view api.films as select title, director_id as "Director {id} \\ (:resno 9)", id from inner_views.films;
        create view unseen.blocked as select * from unseen.films;
        create view api.blocked as select * from unseen.blocked;
        create view api.computed as select id + 0 as id, director_id::bigint as director_id from unseen.films;
        create view api.either as select id, director_id from unseen.films union select id, id from unseen.directors;
        create view api.nested as select id, (select director_id from unseen.films limit 1) as director_id
          from unseen.films;
        create view api.subquery as select * from (select id, director_id from unseen.films) s;
        create view api.cte as with c as (select id, director_id from unseen.films) select * from c;
        create materialized view api.stored as select id, director_id from unseen.films;
        create view api.empty as select;
        """,
        schemas=("api",),
        extra=("inner_views",),
    )

    shown = {r.target.name: r.columns for r in catalog.relationships[Name("api", "directors")]}
    assert shown == {
        "films": (("id", "Director {id} \\ (:resno 9)"),),
        "subquery": (("id", "director_id"),),
        "cte": (("id", "director_id"),),
        "stored": (("id", "director_id"),),
    }
    assert catalog.relations[Name("api", "films")].primary_key == ("id",)
    assert catalog.relations[Name("api", "computed")].primary_key == ()


async def test_partitions_stand_behind_their_parent(load_script: LoadScript) -> None:
    catalog = await load_script(
        """
        create table makers (id int primary key);
        create table cars (maker int references makers, year int, primary key (maker, year)) partition by range (year);
        create table cars_2024 partition of cars for values from (2024) to (2025);
        create table sales (maker int, year int, foreign key (maker, year) references cars);
        """
    )

    assert Name("public", "cars_2024") not in catalog.relations
    assert described(dict(catalog.relationships)) == {
        "cars many-to-one makers by cars_maker_fkey maker=id",
        "makers one-to-many cars by cars_maker_fkey id=maker",
        "sales many-to-one cars by sales_maker_year_fkey maker=maker,year=year",
        "cars one-to-many sales by sales_maker_year_fkey maker=maker,year=year",
    }


def test_cardinalities_say_what_postgrest_says() -> None:
    assert [c.value for c in Cardinality] == ["many-to-one", "one-to-many", "one-to-one", "many-to-many"]
