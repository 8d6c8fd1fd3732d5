-- title: First and repeat orders, and their money, in each period
-- inputs: orders(day, prev_day, minor, order_number)
-- columns: period (its first day), first_orders, repeat_orders, first_minor, repeat_minor, buyers
select
    group_id,
    date_trunc($period, day)::date as period,
    count(*) filter (where order_number = 1) as first_orders,
    count(*) filter (where order_number > 1) as repeat_orders,
    coalesce(sum(minor) filter (where order_number = 1), 0)::bigint as first_minor,
    coalesce(sum(minor) filter (where order_number > 1), 0)::bigint as repeat_minor,
    count(*) filter (
        where prev_day is null or date_trunc($period, prev_day) < date_trunc($period, day)
    ) as buyers
from orders
group by group_id, period
order by group_id, period
