-- title: Which values of an attribute are more frequent among chosen customers than among all
-- inputs: customers(chosen, first_day), lines(minor, order_number, orders_after, attribute)
-- columns: value, customers, in_group
with begun as (
    select group_id, min(first_day) as day
    from customers
    group by group_id
),
people as (
    select group_id, customer_id, chosen
    from customers
    join begun using (group_id)
    where first_day >= begun.day + $burn_in
),
bought as (
    select distinct group_id, customer_id, attribute as value
    from lines
    where minor >= 0
        and order_number is not null
        and ($mode = 'any' or ($mode = 'first' and order_number = 1)
            or ($mode = 'last' and orders_after = 0))
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
    (x::double * n::double) / nullif(g::double * a::double, 0) as lift,
    n,
    g
from counted
join sized using (group_id)
order by group_id, lift desc nulls last, customers desc, value nulls last
