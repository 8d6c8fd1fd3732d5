-- title: How many customers moved from each segment to each other, with their money
-- inputs: paths(s00, s11, customers, minor_from, minor_to, orders_from, orders_to), segments(code,
--   segment), groups()
-- columns: from ((entered) for customers without an order up to the first date), to ((left) for
--   customers who are not in the second snapshot), customers, share_of_from, monetary_from,
--   monetary_to, spend_change, orders_between (null with a window)
with sources as (
    select code, segment from segments
    union all
    select null as code, '(entered)' as segment
),
targets as (
    select code, segment from segments
    union all
    select null as code, '(left)' as segment
),
counted as (
    select
        group_id,
        s00,
        s11,
        sum(customers)::bigint as customers,
        sum(minor_from) as minor_from,
        sum(minor_to) as minor_to,
        sum(orders_to - orders_from)::bigint as orders
    from paths
    group by group_id, s00, s11
),
cells as (
    select
        groups.group_id,
        sources.code as from_code,
        targets.code as to_code,
        sources.segment as "from",
        targets.segment as "to",
        coalesce(customers, 0) as customers,
        coalesce(minor_from, 0)::decimal(38, 0) as minor_from,
        coalesce(minor_to, 0)::decimal(38, 0) as minor_to,
        coalesce(orders, 0) as orders
    from groups
    cross join sources
    cross join targets
    left join counted
        on counted.group_id = groups.group_id
        and counted.s00 is not distinct from sources.code
        and counted.s11 is not distinct from targets.code
)
select
    group_id,
    "from",
    "to",
    customers,
    customers::double / nullif(
        sum(customers) over (partition by group_id, "from"), 0
    )::double as share_of_from,
    minor_from as monetary_from,
    minor_to as monetary_to,
    (minor_to - minor_from)::decimal(38, 0) as spend_change,
    if($lifetime, orders, null) as orders_between
from cells
order by group_id, from_code nulls last, to_code nulls last
