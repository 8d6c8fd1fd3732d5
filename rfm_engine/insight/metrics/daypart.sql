-- title: The part of the day in which each customer orders most
-- inputs: orders(order_number, moment, local, minor)
-- columns: customer_id, value (of several with as many orders the one with the larger net amount,
--   then the one of the last order, then the smaller one), orders (with the value), n (all orders)
with valued as (
    select
        group_id,
        customer_id,
        moment,
        minor,
        case hour(local) // 6
            when 0 then 'night'
            when 1 then 'morning'
            when 2 then 'afternoon'
            else 'evening'
        end as value
    from orders
),
sizes as (
    select group_id, customer_id, count(*) as n
    from orders
    group by group_id, customer_id
),
per_value as (
    select
        group_id,
        customer_id,
        value,
        count(*) as orders,
        sum(minor)::bigint as minor,
        max(epoch_us(moment)) as last_us
    from valued
    group by group_id, customer_id, value
)
select
    group_id,
    customer_id,
    arg_min(value, (-orders, -minor, -last_us, value)) as value,
    max(orders) as orders,
    any_value(n) as n
from per_value
join sizes using (group_id, customer_id)
group by group_id, customer_id
order by group_id, customer_id
