-- title: Two effects that do not depend on an order: twice the mean of both orders (Shapley)
-- inputs: paths(s00, s01, s10, s11, customers), segments(code, segment), groups()
-- columns: segment, customer_x2, threshold_x2
with named as (
    select code, segment from segments
    union all
    select null as code, '(none)' as segment
),
counted as (
    select group_id, s00 as code, -customers as customer, -customers as threshold from paths
    union all
    select group_id, s01 as code, -customers, customers from paths
    union all
    select group_id, s10 as code, customers, -customers from paths
    union all
    select group_id, s11 as code, customers, customers from paths
)
select
    groups.group_id,
    named.segment,
    coalesce(sum(customer), 0)::bigint as customer_x2,
    coalesce(sum(threshold), 0)::bigint as threshold_x2
from groups
cross join named
left join counted
    on counted.group_id = groups.group_id and counted.code is not distinct from named.code
group by groups.group_id, named.code, named.segment
order by groups.group_id, named.code nulls last
