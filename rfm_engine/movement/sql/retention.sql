-- title: How many customers of each segment bought again between two dates
-- inputs: paths(s00, customers, retained, repeaters, orders, spend, bought_twice), segments(code,
--   segment), groups()
-- columns: segment at the first date, size, retained, not_retained, retention, orders, spend,
--   bought_twice, repeaters, repeat_rate; retention_low and retention_high are added afterwards
select
    groups.group_id,
    segments.segment,
    coalesce(sum(customers), 0)::bigint as size,
    coalesce(sum(retained), 0)::bigint as retained,
    coalesce(sum(customers - retained), 0)::bigint as not_retained,
    sum(retained)::double / nullif(sum(customers), 0)::double as retention,
    if($counted = 'unknown', null, coalesce(sum(orders), 0))::bigint as orders,
    if($knows_spend, coalesce(sum(spend), 0), null)::decimal(38, 0) as spend,
    if($counted = 'unknown', null, coalesce(sum(bought_twice), 0))::bigint as bought_twice,
    coalesce(sum(repeaters), 0)::bigint as repeaters,
    sum(repeaters)::double / nullif(sum(customers), 0)::double as repeat_rate
from groups
cross join segments
left join paths
    on paths.group_id = groups.group_id and paths.s00 = segments.code
group by groups.group_id, segments.code, segments.segment
order by groups.group_id, segments.code
