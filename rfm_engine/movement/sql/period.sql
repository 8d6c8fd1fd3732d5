-- title: What the customers of each segment bought in two periods
-- inputs: pairs(segment_before), orders(day), lines(day, minor), segments(code, segment), groups()
-- columns: segment at the first date, customers, buyers_before, buyers_after (customers with an
--   order), orders_before, orders_after, orders_change, orders_ratio, spend_before, spend_after,
--   spend_change, spend_ratio
-- The first period begins after $start and ends with $t0; the second one ends with $t1.
with ordered as (
    select
        group_id,
        customer_id,
        count(*) filter (where day <= $t0) as orders_before,
        count(*) filter (where day > $t0) as orders_after
    from orders
    where day > $start and day <= $t1
    group by group_id, customer_id
),
spent as (
    select
        group_id,
        customer_id,
        coalesce(sum(minor) filter (where day <= $t0), 0) as spend_before,
        coalesce(sum(minor) filter (where day > $t0), 0) as spend_after
    from lines
    where day > $start and day <= $t1
    group by group_id, customer_id
),
summed as (
    select
        pairs.group_id,
        segment_before as segment,
        count(*) as customers,
        count(*) filter (where orders_before > 0) as buyers_before,
        count(*) filter (where orders_after > 0) as buyers_after,
        sum(orders_before) as orders_before,
        sum(orders_after) as orders_after,
        sum(spend_before) as spend_before,
        sum(spend_after) as spend_after
    from pairs
    left join ordered using (group_id, customer_id)
    left join spent using (group_id, customer_id)
    where segment_before is not null
    group by pairs.group_id, segment_before
)
select
    groups.group_id,
    segments.segment,
    coalesce(customers, 0) as customers,
    coalesce(buyers_before, 0) as buyers_before,
    coalesce(buyers_after, 0) as buyers_after,
    coalesce(orders_before, 0)::bigint as orders_before,
    coalesce(orders_after, 0)::bigint as orders_after,
    (coalesce(orders_after, 0) - coalesce(orders_before, 0))::bigint as orders_change,
    coalesce(orders_after, 0)::double / nullif(orders_before, 0)::double as orders_ratio,
    coalesce(spend_before, 0)::decimal(38, 0) as spend_before,
    coalesce(spend_after, 0)::decimal(38, 0) as spend_after,
    (coalesce(spend_after, 0) - coalesce(spend_before, 0))::decimal(38, 0) as spend_change,
    coalesce(spend_after, 0)::double / nullif(spend_before, 0)::double as spend_ratio
from groups
cross join segments
left join summed on summed.group_id = groups.group_id and summed.segment = segments.segment
order by groups.group_id, segments.code
