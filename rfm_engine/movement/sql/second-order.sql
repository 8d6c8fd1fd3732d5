-- title: How many days pass from the first to the second order; customers without one count as long
--   as they are known
-- inputs: customers(first_day), orders(day, order_number)
-- columns: day (days since the first order), events (second orders on it), at_risk (customers known
--   for as many days or more, without a second order before); survival is added afterwards
with second as (
    select group_id, customer_id, day
    from orders
    where order_number = 2
),
waited as (
    select
        group_id,
        coalesce(second.day, $t1) - first_day as day,
        second.day is not null as has_second
    from customers
    left join second using (group_id, customer_id)
),
counted as (
    select
        group_id,
        day,
        count(*) filter (where has_second) as events,
        count(*) as leaving
    from waited
    group by group_id, day
)
select
    group_id,
    day::bigint as day,
    events,
    sum(leaving) over (partition by group_id order by day desc)::bigint as at_risk
from counted
order by group_id, day
