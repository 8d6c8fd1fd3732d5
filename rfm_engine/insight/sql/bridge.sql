-- title: Products that small customers buy before they become large ones
-- inputs: lines(day, minor, attribute)
-- columns: value, stratum (five levels of spend up to $since by five levels of spend after it),
--   exposed (first purchase of the value after $since and up to $until), upgraded, controls (no
--   purchase of it up to $until), controls_upgraded, eligible and up (customers of all strata),
--   least0 and least2 (net amounts from which on customers are large, up to $since and after
--   $until); the strata of each value are combined afterwards
with spend as (
    select
        group_id,
        customer_id,
        coalesce(sum(minor) filter (where day <= $since), 0)::bigint as v0,
        coalesce(sum(minor) filter (where day > $since and day <= $until), 0)::bigint as v1,
        coalesce(sum(minor) filter (where day > $until), 0)::bigint as v2,
        count(*) filter (where day <= $since and minor >= 0) as p0,
        count(*) filter (where day > $since and day <= $until and minor >= 0) as p1
    from lines
    where day <= $as_of
    group by group_id, customer_id
),
least0 as (
    select group_id, min(v0) as least
    from (
        select
            group_id,
            v0,
            row_number() over (partition by group_id order by v0 desc) as place,
            count(*) over (partition by group_id) as n
        from spend
        where p0 > 0
    )
    where place <= (n * 20 + 99) // 100
    group by group_id
),
least2 as (
    select group_id, min(v2) as least
    from (
        select
            group_id,
            v2,
            row_number() over (partition by group_id order by v2 desc) as place,
            count(*) over (partition by group_id) as n
        from spend
        where p0 + p1 > 0
    )
    where place <= (n * 20 + 99) // 100
    group by group_id
),
minnows as (
    select group_id, customer_id, v0, v1, v2 >= least2.least and v2 > 0 as is_up
    from spend
    join least0 using (group_id)
    join least2 using (group_id)
    where p0 > 0 and p1 > 0 and v0 < least0.least
),
cuts as (
    select
        group_id,
        quantile_disc(v0, [0.2, 0.4, 0.6, 0.8]) as q0,
        quantile_disc(v1, [0.2, 0.4, 0.6, 0.8]) as q1
    from minnows
    group by group_id
),
placed as (
    select
        group_id,
        customer_id,
        is_up,
        5 * ((v0 > q0[1])::int + (v0 > q0[2])::int + (v0 > q0[3])::int + (v0 > q0[4])::int)
            + (v1 > q1[1])::int + (v1 > q1[2])::int + (v1 > q1[3])::int + (v1 > q1[4])::int
            as stratum
    from minnows
    join cuts using (group_id)
),
strata as (
    select group_id, stratum, count(*) as n, count(*) filter (where is_up) as up
    from placed
    group by group_id, stratum
),
sized as (
    select
        group_id,
        sum(n)::bigint as eligible,
        sum(up)::bigint as up,
        any_value(least0.least) as least0,
        any_value(least2.least) as least2
    from strata
    join least0 using (group_id)
    join least2 using (group_id)
    group by group_id
),
firsts as (
    select group_id, customer_id, attribute as value, min(day) as day
    from lines
    where minor >= 0 and day <= $until and attribute is not null
    group by group_id, customer_id, attribute
),
bought as (
    select
        group_id,
        value,
        stratum,
        count(*) as ever,
        count(*) filter (where is_up) as ever_up,
        count(*) filter (where day > $since) as exposed,
        count(*) filter (where day > $since and is_up) as upgraded
    from firsts
    join placed using (group_id, customer_id)
    group by group_id, value, stratum
)
select
    group_id,
    value,
    stratum::integer as stratum,
    exposed,
    upgraded,
    strata.n - ever as controls,
    strata.up - ever_up as controls_upgraded,
    eligible,
    sized.up as up,
    least0,
    least2
from bought
join strata using (group_id, stratum)
join sized using (group_id)
order by group_id, value, stratum
