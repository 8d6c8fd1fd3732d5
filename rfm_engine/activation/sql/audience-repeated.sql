-- title: Identifiers of an audience that an earlier row has too
-- inputs: normal(main, variant, second)
-- columns: place (3 * number of the row, plus 0 for main, 1 for variant, 2 for second)
-- Hashes find the few values that may occur twice, so that only these are compared.
with identifiers as (
    select 3 * rowid as place, true as is_main, main as value
    from normal
    where main is not null
    union all
    select 3 * rowid + 1 as place, true as is_main, variant as value
    from normal
    where variant is not null
    union all
    select 3 * rowid + 2 as place, false as is_main, second as value
    from normal
    where second is not null
),
suspects as (
    select hash(is_main, value) as hashed
    from identifiers
    group by hashed
    having count(*) > 1
),
repeated as (
    select
        place,
        min(place) over (partition by is_main, value) as first_place
    from identifiers
    where hash(is_main, value) in (select hashed from suspects)
)
select place
from repeated
where place > first_place
