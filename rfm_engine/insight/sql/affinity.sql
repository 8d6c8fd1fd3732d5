-- title: Values of an attribute that are more frequent among chosen customers than among all
-- inputs: customers(chosen, first_day), lines(minor, order_number, orders_after, attribute)
-- columns: value, customers (with the value), in_group (those of them who are chosen), share_all,
--   share_group, lift, n (customers), g (chosen customers); lift_low, lift_high, p and q are
--   added afterwards
with people as (
    select group_id, customer_id, chosen
    from customers
    where first_day >= $start + $burn_in
),
bought as (
    select distinct group_id, customer_id, attribute as value
    from lines
    where minor >= 0
        and case $mode
            when 'first' then order_number = 1
            when 'last' then orders_after = 0
            else order_number >= 1
        end
),
sized as (
    select group_id, count(*) as n, count(*) filter (where chosen) as g
    from people
    group by group_id
),
counted as (
    select group_id, value, count(*) as a, count(*) filter (where chosen) as x
    from bought
    join people using (group_id, customer_id)
    group by group_id, value
)
select
    group_id,
    value,
    a as customers,
    x as in_group,
    a::double / n::double as share_all,
    x::double / nullif(g, 0)::double as share_group,
    (x * n)::double / nullif(g * a, 0)::double as lift,
    n,
    g
from counted
join sized using (group_id)
order by group_id, lift desc nulls last, customers desc, value nulls last
