-- title: Customers by lifecycle stage: new, active, high value, dormant and churned
-- inputs: customers(lifecycle_stage, frequency, minor), listed()
-- columns: stage (potential: in the customer list, without an order), customers, orders, minor
with staged as (
    select group_id, lifecycle_stage::varchar as stage, frequency, minor
    from customers
    union all
    select 0 as group_id, 'potential' as stage, 0 as frequency, 0 as minor
    from listed
    anti join customers using (customer_id)
)
select
    group_id,
    stage,
    count(*) as customers,
    sum(frequency)::bigint as orders,
    sum(minor)::bigint as minor
from staged
group by group_id, stage
order by group_id, customers desc, stage
