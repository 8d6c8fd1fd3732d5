-- title: How much of the money the best p percent of the customers bring
-- inputs: customers(minor)
-- columns: p (percent of the customers), customers (their number), minor (their net amount),
--   share (of the net amount of all customers; null if that is not above 0)
with ranked as (
    select
        group_id,
        minor,
        count(*) over (partition by group_id) as n,
        row_number() over (partition by group_id order by minor desc) as place
    from customers
),
-- The best p percent are the places up to ceil(n p / 100), so a place belongs to p and more.
percents as (
    select
        group_id,
        (100 * (place - 1)) // n + 1 as p,
        count(*) as customers,
        sum(minor) as minor
    from ranked
    group by group_id, (100 * (place - 1)) // n + 1
),
totals as (
    select group_id, sum(minor) as minor
    from percents
    group by group_id
),
wanted as (
    select unnest([1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]) as p
)
select
    group_id,
    wanted.p::integer as p,
    sum(percents.customers)::bigint as customers,
    sum(percents.minor)::bigint as minor,
    sum(percents.minor)::double
        / (case when any_value(totals.minor) > 0 then any_value(totals.minor) end)::double as share
from percents
join totals using (group_id)
join wanted on percents.p <= wanted.p
group by group_id, wanted.p
order by group_id, p
