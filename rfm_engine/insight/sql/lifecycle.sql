-- title: Customers by stage of their life with the shop
-- inputs: customers(lifecycle_stage, frequency, minor)
-- columns: stage, customers, orders, minor
select
    group_id,
    lifecycle_stage::varchar as stage,
    count(*) as customers,
    sum(frequency)::bigint as orders,
    sum(minor)::bigint as minor
from customers
group by group_id, stage
order by group_id, customers desc, stage
