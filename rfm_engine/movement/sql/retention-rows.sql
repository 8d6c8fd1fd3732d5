-- title: How many customers of each segment bought again between two dates, from their orders
-- inputs: pairs(code_before, frequency_before), orders(day), lines(day, minor), segments(code,
--   segment), groups()
-- columns: those of retention, converted and conversion (customers who ordered within the days of
--   --within; null without); three intervals are added afterwards
with ordered as (
    select
        group_id,
        customer_id,
        if($by_days, count(distinct day), count(*)) as orders,
        min(day) as first_day
    from orders
    where day > $t0 and day <= $t1
    group by group_id, customer_id
),
spent as (
    select group_id, customer_id, sum(minor) as spend
    from lines
    where day > $t0 and day <= $t1
    group by group_id, customer_id
),
joined as (
    select
        pairs.group_id,
        code_before as tier,
        frequency_before >= 2 as repeats,
        coalesce(orders, 0) as orders,
        coalesce(spend, 0) as spend,
        coalesce(first_day <= $t0 + $within_days, false) as converts
    from pairs
    left join ordered using (group_id, customer_id)
    left join spent using (group_id, customer_id)
    where code_before is not null
)
select
    groups.group_id,
    segments.segment,
    count(tier) as size,
    count(*) filter (where orders >= 1) as retained,
    count(*) filter (where orders = 0) as not_retained,
    (count(*) filter (where orders >= 1))::double / nullif(count(tier), 0)::double as retention,
    coalesce(sum(orders), 0)::bigint as orders,
    coalesce(sum(spend), 0)::decimal(38, 0) as spend,
    count(*) filter (where orders >= 2) as bought_twice,
    count(*) filter (where repeats) as repeaters,
    (count(*) filter (where repeats))::double / nullif(count(tier), 0)::double as repeat_rate,
    if($has_within, count(*) filter (where converts), null) as converted,
    if(
        $has_within,
        (count(*) filter (where converts))::double / nullif(count(tier), 0)::double,
        null
    ) as conversion
from groups
cross join segments
left join joined
    on joined.group_id = groups.group_id and joined.tier = segments.code
group by groups.group_id, segments.code, segments.segment
order by groups.group_id, segments.code
