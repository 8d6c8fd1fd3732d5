-- title: How few customers bring q percent of the money
-- inputs: customers(minor)
-- columns: q (percent of the money), customers (the fewest that bring it), share_customers
with ranked as (
    select
        group_id,
        row_number() over best as place,
        sum(minor) over best as minor
    from customers
    window best as (
        partition by group_id order by minor desc rows between unbounded preceding and current row
    )
),
totals as (
    select group_id, count(*) as n, sum(minor) as minor
    from customers
    group by group_id
),
wanted as (
    select unnest([50, 58, 80, 90]) as q
)
select
    totals.group_id,
    wanted.q::integer as q,
    min(ranked.place) as customers,
    min(ranked.place)::double / any_value(totals.n)::double as share_customers
from totals
cross join wanted
left join ranked
    on ranked.group_id = totals.group_id
    and 100 * ranked.minor >= wanted.q * totals.minor
    and totals.minor > 0
group by totals.group_id, wanted.q
order by totals.group_id, q
