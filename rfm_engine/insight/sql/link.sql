-- title: What becomes of the customers of each source: repeat orders and money
-- inputs: customers(frequency, minor, first_day), orders(day, order_number),
--   lines(minor, order_number, attribute)
-- columns: value, converted (customers whose first order has the value), repurchased (two orders or
--   more), thrice (three or more), eligible (first order at least $within days ago), repurchased_h
--   (of them, second order within $within days), retained (of them, a later order in the last
--   $within days), net (net amount); ltv, the net amount per customer, is added afterwards
with valued as (
    select distinct group_id, customer_id, attribute as value
    from lines
    where order_number = 1 and minor >= 0
),
later as (
    select
        group_id,
        customer_id,
        count(*) + 1 as n_orders,
        min(day) as second_day,
        count(*) filter (where day > $as_of - $within) as recent
    from orders
    where order_number > 1
    group by group_id, customer_id
),
people as (
    select
        group_id,
        customer_id,
        minor,
        coalesce(n_orders, 1) as n_orders,
        first_day + $within <= $as_of as is_eligible,
        second_day - first_day as days,
        coalesce(recent, 0) as recent
    from customers
    left join later using (group_id, customer_id)
    where first_day >= $start + $burn_in
)
select
    group_id,
    value,
    count(*) as converted,
    count(*) filter (where n_orders >= 2) as repurchased,
    count(*) filter (where n_orders >= 3) as thrice,
    count(*) filter (where is_eligible) as eligible,
    count(*) filter (where is_eligible and days <= $within) as repurchased_h,
    count(*) filter (where is_eligible and recent > 0) as retained,
    sum(minor)::bigint as net
from valued
join people using (group_id, customer_id)
group by group_id, value
order by group_id, converted desc, value nulls last
