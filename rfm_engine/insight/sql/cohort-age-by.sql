-- title: Customers by the period of their first order, and what they do at each age
-- inputs: customers(first_day), orders(day), lines(day, minor, order_number, attribute)
-- columns: cohort (first day of the period), value (of the attribute in the first order), k
--   (steps of $age days since the first order; the whole cohort has reached each step), customers,
--   active, orders, minor, cum_minor, retention, ltv (cum_minor per customer, in minor units),
--   complete (the step has ended for the whole cohort)
with valued as (
    select distinct group_id, customer_id, attribute as value
    from lines
    where order_number = 1 and minor >= 0
),
first as (
    select group_id, customer_id, value, first_day, date_trunc($period, first_day)::date as cohort
    from customers
    join valued using (group_id, customer_id)
),
sizes as (
    select group_id, value, cohort, count(*) as customers, max(first_day) as youngest
    from first
    group by group_id, value, cohort
),
cells as (
    select
        group_id,
        value,
        cohort,
        customers,
        youngest,
        unnest(range(0, ($as_of - youngest) // $age + 1)) as k
    from sizes
),
ordered as (
    select
        first.group_id,
        first.value,
        cohort,
        (orders.day - first.first_day) // $age as k,
        count(distinct customer_id) as active,
        count(*) as orders
    from orders
    join first using (group_id, customer_id)
    group by first.group_id, first.value, cohort, k
),
-- Refunds before the first order belong to its step.
spent as (
    select
        first.group_id,
        first.value,
        cohort,
        greatest(lines.day - first.first_day, 0) // $age as k,
        sum(minor) as minor
    from lines
    join first using (group_id, customer_id)
    group by first.group_id, first.value, cohort, k
),
filled as (
    select
        cells.*,
        coalesce(active, 0) as active,
        coalesce(orders, 0) as orders,
        coalesce(minor, 0) as minor,
        sum(coalesce(minor, 0)) over (
            partition by cells.group_id, cells.value, cells.cohort order by cells.k
        ) as cum_minor
    from cells
    left join ordered
        on ordered.group_id = cells.group_id
        and ordered.value is not distinct from cells.value
        and ordered.cohort = cells.cohort
        and ordered.k = cells.k
    left join spent
        on spent.group_id = cells.group_id
        and spent.value is not distinct from cells.value
        and spent.cohort = cells.cohort
        and spent.k = cells.k
)
select
    group_id,
    value,
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
order by group_id, value nulls last, cohort, k
