-- title: Customers by the four segments of their path between two dates
-- inputs: pairs(code_before, aged_before, swapped_before, frozen_after, code_after,
--   recency_days_after, frequency_before, frequency_after, minor_before, minor_after)
-- columns: s00, sa, s01, s10, s11 (numbers of segments, null where the customer is absent),
--   customers, minor_from, minor_to, orders_from, orders_to, retained, repeaters, orders, spend,
--   bought_twice
with changed as (
    select
        *,
        case
            when code_before is null or code_after is null or $counted = 'unknown' then null
            when $counted = 'change' then frequency_after - frequency_before
            else if(recency_days_after < $days, frequency_after, 0)
        end as orders,
        case
            when code_before is null or code_after is null or $counted = 'unknown' then null
            when $counted = 'change' then minor_after - minor_before
            else minor_after
        end as spend
    from pairs
)
select
    group_id,
    code_before as s00,
    aged_before as sa,
    swapped_before as s01,
    frozen_after as s10,
    code_after as s11,
    count(*) as customers,
    coalesce(sum(minor_before), 0)::decimal(38, 0) as minor_from,
    coalesce(sum(minor_after), 0)::decimal(38, 0) as minor_to,
    coalesce(sum(frequency_before), 0)::bigint as orders_from,
    coalesce(sum(frequency_after), 0)::bigint as orders_to,
    count(*) filter (where code_before is not null and recency_days_after < $days) as retained,
    count(*) filter (where frequency_before >= 2) as repeaters,
    coalesce(sum(orders), 0)::bigint as orders,
    coalesce(sum(spend), 0)::decimal(38, 0) as spend,
    count(*) filter (where orders >= 2) as bought_twice
from changed
group by group_id, s00, sa, s01, s10, s11
order by group_id, s00, sa, s01, s10, s11
