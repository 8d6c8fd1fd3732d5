-- title: People whose stage by awareness, interest, purchase and loyalty changed
-- inputs: pairs(frequency_before, frequency_after), touches(day, stage)
-- columns: group_id, customer_id, type, happened_on, before, after (stages), n, minor, key
-- As event-aipl.sql, for snapshots whose window is $order_days, which thus count these orders.
with dates as (
    select $as_of_from as as_of
    union all
    select $as_of_to as as_of
),
bought as (
    select $as_of_from as as_of, customer_id, frequency_before as n
    from pairs
    where frequency_before is not null
    union all
    select $as_of_to as as_of, customer_id, frequency_after as n
    from pairs
    where frequency_after is not null
),
touched as (
    select
        as_of,
        customer_id,
        bool_or(stage = 'A') as is_a,
        bool_or(stage = 'I') as is_i,
        bool_or(stage = 'L') as is_l
    from touches
    join dates on day > as_of - $touch_days and day <= as_of
    group by as_of, customer_id
),
placed as (
    select
        as_of,
        customer_id,
        case
            when n >= 2 or is_l then 'L'
            when n = 1 then 'P'
            when is_i then 'I'
            when is_a then 'A'
            else 'none'
        end as stage
    from bought
    full join touched using (as_of, customer_id)
),
stages as (
    select
        customer_id,
        coalesce(any_value(stage) filter (where as_of = $as_of_from), 'none') as before,
        coalesce(any_value(stage) filter (where as_of = $as_of_to), 'none') as after
    from placed
    group by customer_id
)
select
    0 as group_id,
    customer_id,
    'aipl_moved' as type,
    $as_of_to as happened_on,
    before,
    after,
    null::bigint as n,
    null::bigint as minor,
    after || chr(31) || $as_of_to as key
from stages
where before <> after
