-- title: People by awareness, interest, purchase and loyalty; their highest stage counts
-- inputs: customers(), orders(day), listed(), touches(day, stage)
-- columns: stage (L: two orders or more in the last $order_days days, or a contact of loyalty in
--   the last $touch_days; P: one order; I: a contact of interest; A: a contact of awareness; none),
--   customers (of the snapshot, of the list and of the contacts)
-- With groups, there are no listed customers and no contacts.
with known as (
    select group_id, customer_id
    from customers
    union
    select 0 as group_id, customer_id
    from listed
    union
    select 0 as group_id, customer_id
    from touches
),
bought as (
    select group_id, customer_id, count(*) as n
    from orders
    where day > $as_of - $order_days and day <= $as_of
    group by group_id, customer_id
),
touched as (
    select
        customer_id,
        bool_or(stage = 'A') as is_a,
        bool_or(stage = 'I') as is_i,
        bool_or(stage = 'L') as is_l
    from touches
    where day > $as_of - $touch_days and day <= $as_of
    group by customer_id
),
placed as (
    select
        group_id,
        case
            when n >= 2 or is_l then 'L'
            when n = 1 then 'P'
            when is_i then 'I'
            when is_a then 'A'
            else 'none'
        end as stage
    from known
    left join bought using (group_id, customer_id)
    left join touched using (customer_id)
),
stages as (
    select unnest(['L', 'P', 'I', 'A', 'none']) as stage, unnest([1, 2, 3, 4, 5]) as place
),
groups as (
    select distinct group_id
    from customers
    union all
    select 0 as group_id
    where not exists (from customers)
)
select groups.group_id, stages.stage, count(placed.stage) as customers
from groups
cross join stages
left join placed on placed.group_id = groups.group_id and placed.stage = stages.stage
group by groups.group_id, stages.stage, stages.place
order by groups.group_id, stages.place
