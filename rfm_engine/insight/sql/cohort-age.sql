-- title: Customers by the period of their first order, and what they do at each age
-- inputs: orders(day, prev_day, first_day, order_number), lines(day, minor, first_day)
-- columns: cohort (first day of the period), k (steps of $age days since the first order; the whole
--   cohort has reached each step), customers, active, orders, minor, cum_minor, retention, ltv
--   (cum_minor per customer, in minor units), complete (the step has ended for the whole cohort)
with sizes as (
    select
        group_id,
        date_trunc($period, first_day)::date as cohort,
        count(*) as customers,
        max(first_day) as youngest
    from orders
    where order_number = 1
    group by group_id, cohort
),
cells as (
    select
        group_id,
        cohort,
        customers,
        youngest,
        unnest(range(0, ($as_of - youngest) // $age + 1)) as k
    from sizes
),
-- A customer is active in a step if an order in it has no order before it in the same step.
ordered as (
    select
        group_id,
        date_trunc($period, first_day)::date as cohort,
        (day - first_day) // $age as k,
        count(*) filter (
            where prev_day is null or (prev_day - first_day) // $age < (day - first_day) // $age
        ) as active,
        count(*) as orders
    from orders
    group by group_id, cohort, k
),
-- Refunds before the first order belong to its step.
spent as (
    select
        group_id,
        date_trunc($period, first_day)::date as cohort,
        greatest(day - first_day, 0) // $age as k,
        sum(minor) as minor
    from lines
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
    youngest + ($age * (k + 1))::integer - 1 <= $as_of as complete
from filled
order by group_id, cohort, k
