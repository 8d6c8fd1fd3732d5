-- title: How people moved between awareness, interest, purchase and loyalty
-- inputs: customers(), orders(day), listed(), touches(day, stage), groups()
-- columns: stage at the first date, from the lowest; before (people in it), to_none, to_a, to_i,
--   to_p, to_l (their stages at the second date), kept, advanced, fell (to a lower one, not none),
--   churned (to none), entered (people who came from none), after (people in it at the second date)
-- Stages are those of the insight table aipl. With groups, there are no listed people and no
-- contacts.
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
    select
        group_id,
        customer_id,
        count(*) filter (where day > $t0 - $order_days and day <= $t0) as n0,
        count(*) filter (where day > $t1 - $order_days and day <= $t1) as n1
    from orders
    group by group_id, customer_id
),
touched as (
    select
        customer_id,
        stage,
        bool_or(day > $t0 - $touch_days and day <= $t0) as is0,
        bool_or(day > $t1 - $touch_days and day <= $t1) as is1
    from touches
    group by customer_id, stage
),
contacted as (
    select
        customer_id,
        bool_or(is0 and stage = 'A') as a0,
        bool_or(is0 and stage = 'I') as i0,
        bool_or(is0 and stage = 'L') as l0,
        bool_or(is1 and stage = 'A') as a1,
        bool_or(is1 and stage = 'I') as i1,
        bool_or(is1 and stage = 'L') as l1
    from touched
    group by customer_id
),
placed as (
    select
        group_id,
        case when n0 >= 2 or l0 then 5 when n0 = 1 then 4 when i0 then 3 when a0 then 2 else 1 end
            as s0,
        case when n1 >= 2 or l1 then 5 when n1 = 1 then 4 when i1 then 3 when a1 then 2 else 1 end
            as s1
    from known
    left join bought using (group_id, customer_id)
    left join contacted using (customer_id)
),
flows as (
    select group_id, s0, s1, count(*) as people
    from placed
    group by group_id, s0, s1
),
stages as (
    select unnest(['none', 'A', 'I', 'P', 'L']) as stage, unnest([1, 2, 3, 4, 5]) as place
)
select
    groups.group_id,
    stages.stage,
    coalesce(sum(people) filter (where s0 = place), 0)::bigint as before,
    coalesce(sum(people) filter (where s0 = place and s1 = 1), 0)::bigint as to_none,
    coalesce(sum(people) filter (where s0 = place and s1 = 2), 0)::bigint as to_a,
    coalesce(sum(people) filter (where s0 = place and s1 = 3), 0)::bigint as to_i,
    coalesce(sum(people) filter (where s0 = place and s1 = 4), 0)::bigint as to_p,
    coalesce(sum(people) filter (where s0 = place and s1 = 5), 0)::bigint as to_l,
    coalesce(sum(people) filter (where s0 = place and s1 = place), 0)::bigint as kept,
    coalesce(sum(people) filter (where s0 = place and s1 > place), 0)::bigint as advanced,
    coalesce(sum(people) filter (where s0 = place and s1 < place and s1 > 1), 0)::bigint as fell,
    coalesce(sum(people) filter (where s0 = place and s1 < place and s1 = 1), 0)::bigint
        as churned,
    coalesce(sum(people) filter (where s1 = place and s0 = 1 and place > 1), 0)::bigint as entered,
    coalesce(sum(people) filter (where s1 = place), 0)::bigint as after
from groups
cross join stages
left join flows on flows.group_id = groups.group_id
group by groups.group_id, stages.stage, stages.place
order by groups.group_id, stages.place
