-- title: The part of the day, or of the week, in which each customer orders most
-- inputs: lines(order_number, moment, local, minor)
-- columns: customer_id, value (of several with as many orders the one with the larger amount of
--   purchases, then the one of the last order, then the smaller one), orders (with the value), n
--   (all orders)
with per_order as (
    select
        group_id,
        customer_id,
        order_number,
        min(moment) as moment,
        arg_min(local, moment) as local,
        sum(minor) as minor
    from lines
    where minor >= 0 and order_number >= 1
    group by group_id, customer_id, order_number
),
valued as (
    select
        group_id,
        customer_id,
        moment,
        minor,
        case
            when $part = 'weekend' and isodow(local) >= 6 then 'weekend'
            when $part = 'weekend' then 'weekday'
            when hour(local) < 6 then 'night'
            when hour(local) < 12 then 'morning'
            when hour(local) < 18 then 'afternoon'
            else 'evening'
        end as value
    from per_order
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
    sum(orders)::bigint as n
from per_value
group by group_id, customer_id
order by group_id, customer_id
