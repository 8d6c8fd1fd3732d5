-- title: Customers by the period of their first order, and what they do in the periods after it
-- inputs: orders(day, prev_day, first_day, order_number), lines(day, minor, first_day)
-- columns: cohort (first day of the period), k (periods after it), customers (of the cohort), active
--   (with an order in the period), orders, minor, cum_minor, retention, ltv (cum_minor per customer,
--   in minor units), complete (the period has ended)
with sizes as (
    select group_id, date_trunc($period, first_day)::date as cohort, count(*) as customers
    from orders
    where order_number = 1
    group by group_id, cohort
),
cells as (
    select
        group_id,
        cohort,
        customers,
        unnest(range(0, date_diff($period, cohort, $as_of) + 1)) as k
    from sizes
),
placed_orders as (
    select
        group_id,
        date_trunc($period, first_day)::date as cohort,
        date_trunc($period, day)::date as period,
        date_trunc($period, prev_day)::date as prev_period
    from orders
),
-- A customer is active in a period if an order in it has no order before it in the same period.
by_period as (
    select
        group_id,
        cohort,
        period,
        count(*) filter (where prev_period is null or prev_period < period) as active,
        count(*) as orders
    from placed_orders
    group by group_id, cohort, period
),
ordered as (
    select group_id, cohort, date_diff($period, cohort, period) as k, active, orders
    from by_period
),
placed_lines as (
    select
        group_id,
        date_trunc($period, first_day)::date as cohort,
        date_trunc($period, day)::date as period,
        minor
    from lines
),
spent_in_period as (
    select group_id, cohort, period, sum(minor) as minor
    from placed_lines
    group by group_id, cohort, period
),
-- Refunds before the first order belong to its period.
spent as (
    select
        group_id,
        cohort,
        greatest(date_diff($period, cohort, period), 0) as k,
        sum(minor) as minor
    from spent_in_period
    group by group_id, cohort, k
),
filled as (
    select
        cells.*,
        coalesce(active, 0) as active,
        coalesce(orders, 0) as orders,
        coalesce(minor, 0) as minor,
        sum(coalesce(minor, 0)) over (
            partition by cells.group_id, cells.cohort order by cells.k
        ) as cum_minor
    from cells
    left join ordered using (group_id, cohort, k)
    left join spent using (group_id, cohort, k)
)
select
    group_id,
    cohort,
    k::integer as k,
    customers,
    active,
    orders,
    minor::bigint as minor,
    cum_minor::bigint as cum_minor,
    active::double / customers::double as retention,
    cum_minor::double / customers::double as ltv,
    date_diff($period, cohort, $as_of + 1) > k as complete
from filled
order by group_id, cohort, k
