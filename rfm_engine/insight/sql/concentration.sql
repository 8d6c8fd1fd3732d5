-- title: The share of the money that the best p percent of the customers bring
-- inputs: customers(minor)
-- columns: p (percent of the customers), customers (their number), minor (their net amount),
--   share (of the net amount of all customers)
with ranked as (
    select
        group_id,
        minor,
        row_number() over (partition by group_id order by minor desc) as place
    from customers
),
sized as (
    select group_id, count(*) as n, sum(minor) as total
    from customers
    group by group_id
),
wanted as (
    select group_id, p, (n * p + 99) // 100 as k, total
    from sized
    cross join (select unnest([1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]) as p)
),
-- The places from one wanted k to the next are added up once.
steps as (
    select group_id, p, k, total, lag(k, 1, 0) over (partition by group_id order by p) as before
    from wanted
),
added as (
    select steps.group_id, steps.p, sum(ranked.minor) as minor
    from steps
    join ranked
        on ranked.group_id = steps.group_id
        and ranked.place > steps.before
        and ranked.place <= steps.k
    group by steps.group_id, steps.p
),
summed as (
    select
        steps.group_id,
        steps.p,
        steps.k,
        steps.total,
        sum(added.minor) over (partition by steps.group_id order by steps.p) as minor
    from steps
    left join added using (group_id, p)
)
select
    group_id,
    p,
    k::bigint as customers,
    coalesce(minor, 0)::bigint as minor,
    case when total <> 0 then coalesce(minor, 0)::double / total::double end as share
from summed
order by group_id, p
