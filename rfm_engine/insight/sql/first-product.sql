-- title: What customers buy first, and how many of them come back
-- inputs: customers(chosen, frequency, minor, first_day), orders(day, minor, order_number),
--   lines(minor, order_number, attribute)
-- columns: total (true for the row of all customers), value, customers, repeaters, repeat_rate,
--   eligible (first order at least $within days ago), repeat_h (of them, second order within
--   $within days), repeat_rate_h, median_days (to the second order), first_minor, later_minor,
--   whales (chosen customers), whale_share, n (customers), g (chosen customers);
--   later_per_customer, lift, lift_low, lift_high, p and q are added afterwards
with first_rows as (
    select group_id, customer_id, attribute as value, minor
    from lines
    where order_number = 1
),
valued as (
    select
        group_id,
        customer_id,
        value,
        row_number() over (
            partition by group_id, customer_id order by sum(minor) desc, value nulls last
        ) as place
    from first_rows
    group by group_id, customer_id, value
    having count(*) filter (where minor >= 0) > 0
),
began as (
    select group_id, customer_id, value
    from valued
    where $first_rule = 'all' or place = 1
),
second as (
    select group_id, customer_id, day
    from orders
    where order_number = 2
),
first as (
    select group_id, customer_id, minor
    from orders
    where order_number = 1
),
people as (
    select
        group_id,
        customer_id,
        chosen,
        frequency,
        customers.minor,
        first.minor as first_minor,
        first_day + $within <= $as_of as is_eligible,
        second.day - first_day as days
    from customers
    join first using (group_id, customer_id)
    left join second using (group_id, customer_id)
    where first_day >= $start + $burn_in
),
sized as (
    select group_id, count(*) as n, count(*) filter (where chosen) as g
    from people
    group by group_id
),
counted as (
    select false as total, value, people.*
    from began
    join people using (group_id, customer_id)
    union all
    select true as total, null as value, people.*
    from people
)
select
    group_id,
    total,
    value,
    count(*) as customers,
    count(*) filter (where frequency >= 2) as repeaters,
    (count(*) filter (where frequency >= 2))::double / count(*)::double as repeat_rate,
    count(*) filter (where is_eligible) as eligible,
    count(*) filter (where is_eligible and days <= $within) as repeat_h,
    (count(*) filter (where is_eligible and days <= $within))::double
        / nullif(count(*) filter (where is_eligible), 0)::double as repeat_rate_h,
    quantile_disc(days, 0.5)::bigint as median_days,
    sum(first_minor)::bigint as first_minor,
    sum(minor - first_minor)::bigint as later_minor,
    count(*) filter (where chosen) as whales,
    (count(*) filter (where chosen))::double / count(*)::double as whale_share,
    any_value(n) as n,
    any_value(g) as g
from counted
join sized using (group_id)
group by group_id, total, value
order by group_id, total desc, customers desc, value nulls last
