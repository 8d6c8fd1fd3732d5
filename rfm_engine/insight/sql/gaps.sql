-- title: How much time passes between purchases
-- inputs: customers(first_order, last_order, frequency), orders(day, prev_day)
-- columns: basis (per order: from each order to the next; per customer: mean gap of each customer
--   with two orders or more), unit (days or microseconds), n, total, q10, q25, q50, q75, q80
--   (the repurchase window), q90, q95, same_day (gaps of 0)
with gaps as (
    select group_id, 'per order' as basis, 'days' as unit, (day - prev_day)::bigint as gap
    from orders
    where prev_day is not null
    union all
    select
        group_id,
        'per customer' as basis,
        'microseconds' as unit,
        (epoch_us(last_order) - epoch_us(first_order)) // (frequency - 1) as gap
    from customers
    where frequency >= 2
),
measured as (
    select
        group_id,
        basis,
        unit,
        count(*) as n,
        sum(gap)::bigint as total,
        quantile_disc(gap, [0.1, 0.25, 0.5, 0.75, 0.8, 0.9, 0.95]) as q,
        count(*) filter (where gap = 0) as same_day
    from gaps
    group by group_id, basis, unit
)
select
    group_id,
    basis,
    unit,
    n,
    total,
    q[1] as q10,
    q[2] as q25,
    q[3] as q50,
    q[4] as q75,
    q[5] as q80,
    q[6] as q90,
    q[7] as q95,
    same_day
from measured
order by group_id, basis desc
